package processors_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"
)

// onceModel keeps all it has let through, for ever.
type onceModel struct {
	passed map[int32][]arrival
	now    map[int32]int64 // stream time by task
	late   *int
}

func (m onceModel) take(task int32, a arrival) []string {
	now, known := m.now[task]
	if !known {
		now = math.MinInt64
	}
	now = max(now, a.at)
	m.now[task] = now
	if a.at+within.Milliseconds() <= now {
		*m.late++
		return nil
	}
	for _, other := range m.passed[task] {
		apart := max(a.at-other.at, other.at-a.at)
		if other.value == a.value && apart < within.Milliseconds() {
			return nil
		}
	}
	m.passed[task] = append(m.passed[task], a)
	return []string{a.key + " " + a.value + "@" + clock(a.at)}
}

// Of each id the first record comes through, once, whatever order, crash or restart; what is late is
// put aside.
func TestDedupAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := onceModel{map[int32][]arrival{}, map[int32]int64{}, new(int)}
		d, want := againstModel(t, "dedup", m, "words")
		slices.Sort(want)
		require.Equal(t, want, outputsOf(d, "once"))
		require.Equal(t, *m.late, len(d.Records("app.late")))
		kept := 0
		for task, passed := range m.passed {
			for _, a := range passed {
				if a.at+3*within.Milliseconds() > m.now[task] { // two, and what is left of its stretch
					kept++
				}
			}
		}
		require.LessOrEqual(t, len(d.Rows("once")), kept, "old ids are forgotten")
	})
}
