package processors_test

import (
	"maps"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
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
		emit := processors.Emit(rapid.IntRange(0, 3).Draw(t, "emit"))
		every := rapid.Int64Range(0, 9).Draw(t, "every")
		tasks := rapid.IntRange(1, 3).Draw(t, "tasks")
		var b topology.Builder
		suppressed(processors.Sliding{Difference: seconds(difference), Grace: seconds(grace), Emit: emit, Every: seconds(every)}, seconds(grace))(&b)
		topo, err := b.Build("app")
		require.NoError(t, err)
		d := topologytest.New(nil, topo, topologytest.Config{Tasks: tasks, Workers: rapid.IntRange(1, 2).Draw(t, "workers")})
		m := &slidingModel{
			difference: difference * 1000, grace: grace * 1000, stream: map[int32]int64{}, task: map[string]int32{},
			records: map[string][]int64{}, final: map[string]int64{},
		}
		keys := []string{"ann", "annabel", "bob"}
		pipe := func(key string, at int64) {
			d.PipeAt("orders", at, []byte(key), encode("orders", "1"))
			m.add(topology.PartitionOf([]byte(key), tasks), key, at)
		}
		at := start + 100_000
		for range rapid.IntRange(0, 40).Draw(t, "records") {
			at += rapid.Int64Range(-8, 10).Draw(t, "step") * 1000
			pipe(rapid.SampledFrom(keys).Draw(t, "key"), at)
			disturbAtRandom(t, d)
		}
		d.Run()
		require.Equal(t, m.late, len(d.Records("app.late")))
		if emit&processors.OnUpdate != 0 || emit == 0 && every == 0 {
			told := m.open()
			maps.Copy(told, m.final)
			require.Equal(t, told, numbers(t, d, "counts"))
		}
		for _, key := range keys { // close all windows but these
			pipe(key, at+1_000_000)
		}
		d.Run()
		require.Len(t, d.Rows("panes"), len(keys))
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
