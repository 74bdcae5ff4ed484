package processors_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// windowModel says what a count by tumbling windows must come to, task by task, from the records
// alone: no stores, no commits.
type windowModel struct {
	size, grace int64
	stream      map[int32]int64
	counts      map[string]int64
	late        int
	ends        map[string]int64 // of each key and window that was counted
	task        map[string]int32
}

func newWindowModel(size, grace int64) *windowModel {
	return &windowModel{size: size, grace: grace, stream: map[int32]int64{}, counts: map[string]int64{}, ends: map[string]int64{}, task: map[string]int32{}}
}

func (m *windowModel) add(task int32, key string, at int64) {
	if _, known := m.stream[task]; !known {
		m.stream[task] = math.MinInt64
	}
	m.stream[task] = max(m.stream[task], at)
	from := at / m.size * m.size
	if from+m.size+m.grace <= m.stream[task] {
		m.late++
		return
	}
	name := key + "@" + window(from, from+m.size)
	m.counts[name]++
	m.ends[name], m.task[name] = from+m.size, task
}

// open is the number of results whose windows are not closed.
func (m *windowModel) open() (n int) {
	for name, end := range m.ends {
		if end+m.grace > m.stream[m.task[name]] {
			n++
		}
	}
	return n
}

// Whatever is thrown at it, the last value of each key and window is that of the model.
func TestWindowsAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size, grace := rapid.Int64Range(1, 7).Draw(t, "size"), rapid.Int64Range(0, 12).Draw(t, "grace")
		emit := processors.Emit(rapid.IntRange(0, 3).Draw(t, "emit"))
		tasks := rapid.IntRange(1, 3).Draw(t, "tasks")
		var b topology.Builder
		windowed(processors.Tumbling{Size: time.Duration(size) * time.Second, Grace: time.Duration(grace) * time.Second, Emit: emit})(&b)
		topo, err := b.Build("app")
		require.NoError(t, err)
		d := topologytest.New(nil, topo, topologytest.Config{Tasks: tasks, Workers: rapid.IntRange(1, 2).Draw(t, "workers")})
		m := newWindowModel(size*1000, grace*1000)
		at := start + 100_000
		for range rapid.IntRange(0, 40).Draw(t, "records") {
			key := rapid.SampledFrom([]string{"ann", "bob", "cid"}).Draw(t, "key")
			at += rapid.Int64Range(-8, 10).Draw(t, "step") * 1000
			d.PipeAt("orders", at, []byte(key), encode("orders", "1"))
			m.add(topology.PartitionOf([]byte(key), tasks), key, at)
			disturbAtRandom(t, d)
		}
		d.Run()
		require.Equal(t, m.late, len(d.Records("app.late")))
		require.Equal(t, m.open(), len(d.Rows("panes")))
		if emit == processors.OnClose {
			require.Equal(t, len(m.counts)-m.open(), len(d.Records("counts")), "each result once")
			return
		}
		got := map[string]int64{}
		for key, value := range d.Last("counts") {
			var n int64
			_, err := fmt.Sscan(show(value), &n)
			require.NoError(t, err)
			got[show([]byte(key))] = n
		}
		require.Equal(t, m.counts, got)
	})
}

// disturbAtRandom does one of the things that may happen to an app, or nothing.
func disturbAtRandom(t *rapid.T, d *topologytest.Driver) {
	switch rapid.IntRange(0, 9).Draw(t, "event") {
	case 0:
		d.Run()
	case 1:
		d.Step()
	case 2:
		d.Commit()
	case 3:
		d.Restart()
	case 4:
		d.Wipe()
	case 5:
		work(d)
		d.CrashAt(topologytest.Step(rapid.IntRange(int(topologytest.AfterFlush), int(topologytest.AfterBatch)).Draw(t, "crash")))
		d.Commit()
	}
}
