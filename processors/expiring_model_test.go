package processors_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"
)

// passingModel is a table that looks at all its rows whenever time passes.
type passingModel struct {
	rows map[int32]map[string]arrival // by task and key; at is the greatest time
	now  map[int32]int64              // stream time by task
	late *int
}

func (m passingModel) take(task int32, a arrival) (out []string) {
	if m.rows[task] == nil {
		m.rows[task], m.now[task] = map[string]arrival{}, math.MinInt64
	}
	rows := m.rows[task]
	now := max(m.now[task], a.at)
	m.now[task] = now
	for key, row := range rows {
		if row.at+lifetime.Milliseconds() <= now {
			delete(rows, key)
			out = append(out, key+" deleted")
		}
	}
	switch {
	case a.value == none:
		delete(rows, a.key)
		return append(out, a.key+" deleted")
	case a.at+lifetime.Milliseconds() <= now:
		*m.late++
		return out
	}
	out = append(out, a.key+" "+a.value+"@"+clock(a.at))
	a.at = max(a.at, rows[a.key].at)
	rows[a.key] = a
	return out
}

// Rows go when the records say so, whatever order, crash or restart.
func TestExpiringTableAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := passingModel{map[int32]map[string]arrival{}, map[int32]int64{}, new(int)}
		d, want := againstModel(t, "expiring", m, "prices")
		slices.Sort(want)
		require.Equal(t, want, outputsOf(d, "updates"))
		require.Equal(t, *m.late, len(d.Records("app.late")))
		left := map[string]string{}
		for _, rows := range m.rows {
			for key, row := range rows {
				left[key] = row.value
			}
		}
		shown := map[string]string{}
		for key, value := range d.Rows("price") {
			shown[key] = string(value)
		}
		require.Equal(t, left, shown, "what a reader finds")
	})
}
