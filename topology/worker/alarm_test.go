package worker

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// It is raised once, and again only after it was less; what is older than the time looked back on is forgotten.
func TestAlarmLooksBackOnAMinute(t *testing.T) {
	cfg := Alarm{Share: 0.01, Over: time.Minute, Least: 100}
	for name, c := range map[string]struct {
		takes  [][3]int64 // second, records, put aside
		raised []int64    // seconds
	}{
		"at the share, not above": {[][3]int64{{0, 100, 1}, {1, 100, 1}}, nil},
		"above":                   {[][3]int64{{0, 100, 1}, {1, 100, 2}, {2, 100, 50}}, []int64{1}},
		"too few to judge":        {[][3]int64{{0, 50, 50}, {1, 49, 0}, {2, 1, 0}}, []int64{2}},
		"old ones forgotten":      {[][3]int64{{0, 100, 1}, {59, 10, 0}, {61, 100, 1}, {62, 10, 1}}, []int64{62}},
		"again after less":        {[][3]int64{{0, 100, 50}, {70, 1000, 0}, {71, 100, 50}, {72, 100, 50}}, []int64{0, 71}},
	} {
		var a alarm
		var raised []int64
		for _, x := range c.takes {
			if _, up := a.take(cfg, start.Add(time.Duration(x[0])*time.Second), x[1], x[2]); up {
				raised = append(raised, x[0])
			}
		}
		require.Equal(t, c.raised, raised, name)
	}
}

// numbers reads words as numbers: "x" is none. Each tenth is late.
func numbers(t testing.TB) *topology.Topology {
	var b topology.Builder
	in := topology.From(&b, "words", codecs.String, codecs.Int64)
	topology.Process(in, "judge", topology.Needs{}, func(topology.Forward[string, int64]) topology.Processor[string, int64] { return &judge{} })
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

type judge struct{ ctx topology.Context }

func (j *judge) Init(ctx topology.Context) error { j.ctx = ctx; return nil }

func (j *judge) Process(rec *topology.Record[string, int64]) error {
	if rec.Value%10 == 0 {
		j.ctx.Late("[0,5)", 12)
	}
	return nil
}

// number produces records that numbers can read.
func (c *cluster) number(from, n int64) {
	for i := from; i < from+n; i++ {
		value, err := codecs.Int64.Append(nil, i)
		require.NoError(c.t, err)
		c.word(fmt.Sprint("n", i), string(value))
	}
}

// The alarm and the hooks tell of what is committed.
func TestAlarmAndHooks(t *testing.T) {
	c := newCluster(t)
	var mu sync.Mutex
	told, shares, tasks := map[string]int{}, []float64{}, map[topology.TaskID]bool{}
	note := func(r *kgo.Record) {
		mu.Lock()
		defer mu.Unlock()
		told[r.Topic+" "+headerOf(r, task.HeaderReason)]++
	}
	log, said := said()
	stop := c.begin(numbers(t), Config{Workers: 2, Memory: true, Logger: log, Policies: Policies{Alarm: Alarm{Share: 0.2, Least: 20}}, Hooks: Hooks{
		DeadLetter: note, Late: note,
		Alarmed: func(share float64) {
			mu.Lock()
			defer mu.Unlock()
			shares = append(shares, share)
		},
		Rebalanced: func(_ int, owned []topology.TaskID) {
			mu.Lock()
			defer mu.Unlock()
			for _, id := range owned {
				tasks[id] = true
			}
		},
	}})
	c.number(0, 100)
	c.words(0, 50, 50) // a third of them
	require.Eventually(t, func() bool { return c.committed("words") == 150 }, waitLimit, tick)
	c.words(50, 50, 50)
	require.Eventually(t, func() bool { return c.committed("words") == 200 }, waitLimit, tick)
	require.NoError(t, stop())
	require.Equal(t, map[string]int{"app.dlq undecodable": 100, "app.late late": 10}, told)
	require.Len(t, shares, 1, "one alarm for one trouble")
	require.Greater(t, shares[0], 0.2)
	require.True(t, said("many records are put aside", ""))
	require.Len(t, tasks, partitions)
}

// An alarm that stops the app leaves what it has seen committed.
func TestAlarmStops(t *testing.T) {
	c := newCluster(t)
	stop := c.begin(numbers(t), Config{Workers: 1, Memory: true, Policies: Policies{Alarm: Alarm{Share: 0.2, Least: 20, Stop: true}}})
	c.words(0, 50, 50)
	require.Eventually(t, func() bool { return c.alive.Load() == 0 }, waitLimit, tick)
	require.ErrorContains(t, stop(), "were put aside")
	require.Len(t, c.read("app.dlq"), int(c.committed("words")))
}
