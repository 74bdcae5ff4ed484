package processors_test

import (
	"maps"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors"
)

// slidingModel says what a count by sliding windows must come to by their definition: each record
// ends a window, and begins one behind it if others lie there.
type slidingModel struct {
	difference, grace int64
	stream            map[int32]int64
	task              map[string]int32
	records           map[string][]int64
	final             map[string]int64
	late              int
}

// windows are those of a key that close after one stream time and up to another.
func (m *slidingModel) windows(key string, after, upTo int64) map[string]int64 {
	all := map[string]int64{}
	for _, at := range m.records[key] {
		for _, first := range []int64{at - m.difference, at + 1} {
			n, end := int64(0), first+m.difference+1
			for _, other := range m.records[key] {
				if first <= other && other < end {
					n++
				}
			}
			if n > 0 && end+m.grace > after && end+m.grace <= upTo {
				all[key+"@"+window(first, end)] = n
			}
		}
	}
	return all
}

func (m *slidingModel) add(task int32, key string, at int64) {
	m.task[key] = task
	before, known := m.stream[task]
	if !known {
		before = math.MinInt64
	}
	now := max(before, at)
	m.stream[task] = now
	for other, of := range m.task {
		if of == task {
			maps.Copy(m.final, m.windows(other, before, now))
		}
	}
	if at+1+m.grace <= now {
		m.late++
	}
	m.records[key] = append(m.records[key], at)
}

func (m *slidingModel) open() map[string]int64 {
	all := map[string]int64{}
	for key, task := range m.task {
		maps.Copy(all, m.windows(key, m.stream[task], math.MaxInt64))
	}
	return all
}

func TestSlidingWindowsAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		difference, grace := rapid.Int64Range(1, 7).Draw(t, "difference"), rapid.Int64Range(0, 12).Draw(t, "grace")
		emit, every := drawEmit(t)
		m := &slidingModel{
			difference: difference * 1000, grace: grace * 1000, stream: map[int32]int64{}, task: map[string]int32{},
			records: map[string][]int64{}, final: map[string]int64{},
		}
		by := processors.Sliding{Difference: seconds(difference), Grace: seconds(grace), Emit: emit, Every: every}
		d, closeAll := countAtRandom(t, by, grace, m)
		require.Equal(t, m.open(), asNumbers(t, d.Rows("panes")), "what a reader finds")
		require.Equal(t, m.late, len(d.Records("app.late")))
		if emit&processors.OnUpdate != 0 || emit == 0 && every == 0 {
			told := m.open()
			maps.Copy(told, m.final)
			require.Equal(t, told, numbers(t, d, "counts"))
		}
		closeAll()
		require.Len(t, d.RawRows("panes"), len(countedKeys))
		got := numbers(t, d, "counts")
		for name := range m.open() {
			delete(got, name)
		}
		require.Equal(t, m.final, got)
		if emit == processors.OnClose && every == 0 {
			require.Len(t, d.Records("counts"), len(m.final), "each result once")
		}
		require.Equal(t, m.final, numbers(t, d, "final"), "suppressed")
		require.Len(t, d.Records("final"), len(m.final), "each result once")
	})
}
