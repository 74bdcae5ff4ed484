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

// windowModel says what a count by windows must come to, task by task, from the records alone: no
// stores, no commits, no panes.
type windowModel struct {
	size, advance, grace int64
	stream               map[int32]int64
	counts               map[string]int64
	late                 int
	ends                 map[string]int64 // of each key and window that was counted
	task                 map[string]int32
}

func newWindowModel(size, advance, grace int64) *windowModel {
	return &windowModel{size: size, advance: advance, grace: grace, stream: map[int32]int64{}, counts: map[string]int64{}, ends: map[string]int64{}, task: map[string]int32{}}
}

func (m *windowModel) add(task int32, key string, at int64) {
	if _, known := m.stream[task]; !known {
		m.stream[task] = math.MinInt64
	}
	m.stream[task] = max(m.stream[task], at)
	missed := false
	for from := at / m.advance * m.advance; from > at-m.size; from -= m.advance {
		if from+m.size+m.grace <= m.stream[task] {
			missed = true
			continue
		}
		name := key + "@" + window(from, from+m.size)
		m.counts[name]++
		m.ends[name], m.task[name] = from+m.size, task
	}
	if missed {
		m.late++
	}
}

// closed are the results whose windows are closed.
func (m *windowModel) closed() map[string]int64 { return m.results(true) }

func (m *windowModel) results(closed bool) map[string]int64 {
	all := map[string]int64{}
	for name, end := range m.ends {
		if (end+m.grace <= m.stream[m.task[name]]) == closed {
			all[name] = m.counts[name]
		}
	}
	return all
}

// Whatever is thrown at it, the last value of each key and window is that of the model, and a
// window that is closed is said once where it is said on close.
func TestWindowsAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size, grace := rapid.Int64Range(1, 7).Draw(t, "size"), rapid.Int64Range(0, 12).Draw(t, "grace")
		advance := rapid.Int64Range(1, size).Draw(t, "advance")
		emit, every := drawEmit(t)
		m := newWindowModel(size*1000, advance*1000, grace*1000)
		by := processors.Hopping{Size: seconds(size), Advance: seconds(advance), Grace: seconds(grace), Emit: emit, Every: every}
		d, closeAll := countAtRandom(t, by, grace, m)
		require.Equal(t, m.results(false), asNumbers(t, d.Rows("panes")), "what a reader finds")
		require.Equal(t, m.late, len(d.Records("app.late")))
		if emit&processors.OnUpdate != 0 || emit == 0 && every == 0 {
			require.Equal(t, m.counts, numbers(t, d, "counts"))
		}
		closeAll()
		closed := m.closed()
		require.Len(t, d.RawRows("panes"), len(countedKeys))
		got := numbers(t, d, "counts")
		for name, n := range closed {
			require.Equal(t, n, got[name], name)
		}
		if emit == processors.OnClose && every == 0 {
			require.Len(t, d.Records("counts"), len(closed), "each result once")
		}
		require.Equal(t, closed, numbers(t, d, "final"))
		require.Len(t, d.Records("final"), len(closed), "each result once")
	})
}

// drawEmit draws when results are forwarded.
func drawEmit(t *rapid.T) (emit processors.Emit, every time.Duration) {
	return processors.Emit(rapid.IntRange(0, 3).Draw(t, "emit")), seconds(rapid.Int64Range(0, 9).Draw(t, "every"))
}

var countedKeys = []string{"ann", "annabel", "bob"}

// countModel takes the records that are counted, one by one.
type countModel interface {
	add(task int32, key string, at int64)
}

// countAtRandom counts random records by windows of a grace in seconds, disturbed at random, and tells them the model.
// What it returns closes all windows but one of each key.
func countAtRandom(t *rapid.T, by processors.WindowedBy, grace int64, m countModel) (d *topologytest.Driver, closeAll func()) {
	tasks := rapid.IntRange(1, 3).Draw(t, "tasks")
	var b topology.Builder
	suppressed(by, seconds(grace))(&b)
	topo, err := b.Build("app")
	require.NoError(t, err)
	d = topologytest.New(nil, topo, topologytest.Config{Tasks: tasks, Workers: rapid.IntRange(1, 2).Draw(t, "workers")})
	pipe := func(key string, at int64) {
		d.PipeAt("orders", at, []byte(key), encode("orders", "1"))
		m.add(topology.PartitionOf([]byte(key), tasks), key, at)
	}
	at := start + 100_000
	for range rapid.IntRange(0, 40).Draw(t, "records") {
		at += rapid.Int64Range(-8, 10).Draw(t, "step") * 1000
		pipe(rapid.SampledFrom(countedKeys).Draw(t, "key"), at)
		disturbAtRandom(t, d)
	}
	d.Run()
	return d, func() {
		for _, key := range countedKeys {
			pipe(key, at+1_000_000)
		}
		d.Run()
	}
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// numbers are the last values of a topic of counts.
func numbers(t require.TestingT, d *topologytest.Driver, topic string) map[string]int64 {
	return asNumbers(t, d.Last(topic))
}

func asNumbers(t require.TestingT, rows map[string][]byte) map[string]int64 {
	got := map[string]int64{}
	for key, value := range rows {
		var n int64
		_, err := fmt.Sscan(show(value), &n)
		require.NoError(t, err)
		got[show([]byte(key))] = n
	}
	return got
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
