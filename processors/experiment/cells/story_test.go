package cells_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
	"github.com/abacus-stream/abacus/topology"
)

const total = "button|total"

func window(grain string, start int64) string { return result.WindowKey("button", grain, start) }

func TestTotalOfDeltas(t *testing.T) {
	b := newBench(t)
	b.define(entry())
	b.delta("button", buyer(0, t0, 1000))
	b.delta("button", buyer(1, t0+1000, 2550))
	b.delta("button", buyer(1, t0+2000, 50))
	b.d.Run()
	r := b.last()[total]
	require.Equal(t, map[string]int64{"control": 1, "treatment": 2}, r.Units)
	require.EqualValues(t, 1, r.ConfigVersion)
	require.Equal(t, "26.00", r.Metrics["revenue"].Variants["treatment"].Sum)
	require.InDelta(t, 13, num(t, r.Metrics["revenue"].Variants["treatment"].Mean), 0)
	require.Equal(t, "2", r.Metrics["purchase"].Variants["treatment"].Sum)
	require.EqualValues(t, 2, *r.Metrics["purchase"].Variants["treatment"].MaturedN)
	require.EqualValues(t, 2, *r.Metrics["purchase"].Variants["treatment"].MaturedNonZero)
	require.EqualValues(t, 0, *r.Metrics["revenue"].Variants["treatment"].MaturedNonZero)
	require.False(t, r.Closed)
	require.Zero(t, r.AsOf, "no watermark yet")
}

func TestWindowsOfTheDefinition(t *testing.T) {
	b := newBench(t)
	b.define(entry())
	b.delta("button", buyer(0, t0, 1000))
	b.delta("button", buyer(0, t0+1000, 500))
	b.d.Run()
	last := b.last()
	require.Len(t, last, 4)
	require.Contains(t, last, window("1s", t0+1000))
	minute := last[window("60s", t0)]
	require.Equal(t, t0+60_000, *minute.End)
	v := minute.Metrics["revenue"].Variants["control"]
	require.EqualValues(t, 2, *v.Events)
	require.EqualValues(t, 2, *v.UnitsNew)
	require.Equal(t, "15.00", v.Sum)
	require.InDelta(t, 7.5, num(t, v.Mean), 0)
	require.InDelta(t, 2.0/60, num(t, v.Rate), 1e-15)
	require.Empty(t, minute.Metrics["revenue"].Comparisons)
	require.Equal(t, cells.ReasonNoEvents, minute.Metrics["revenue"].Variants["treatment"].Reason)
}

func TestCloseAtTheWatermark(t *testing.T) {
	b := newBench(t)
	b.define(entry())
	b.delta("button", buyer(0, t0, 1000))
	b.watermark(t0)
	b.d.Run()
	require.False(t, b.last()[window("1s", t0)].Closed)
	require.Equal(t, t0, b.last()[total].AsOf)

	b.watermark(t0 + 1000)
	b.d.Run()
	b.d.Advance(time.Second)
	last := b.last()
	require.True(t, last[window("1s", t0)].Closed)
	require.True(t, last[total].Closed)
	require.Equal(t, t0+1000, last[total].AsOf)
	require.False(t, last[window("60s", t0)].Closed)

	b.watermark(t0 + 70_000)
	b.d.Run()
	b.d.Advance(time.Second)
	require.True(t, b.last()[window("60s", t0)].Closed)
	require.Equal(t, t0+60_000, b.last()[window("60s", t0)].AsOf)
	require.Equal(t, t0+1000, b.last()[total].AsOf, "the end of the latest pane")
	require.Equal(t, []cells.Close{
		{Experiment: "button", Run: 1, Grain: "1s", Start: t0, Watermark: t0 + 1000, Offset: 2},
		{Experiment: "button", Run: 1, Grain: "60s", Start: t0, Watermark: t0 + 70_000, Offset: 3},
	}, b.schedule())
}

// schedule is the close schedule as verify reads it, in the order of the closes.
func (b *bench) schedule() (all []cells.Close) {
	for _, r := range b.d.Records(changelog) {
		c, ok, err := cells.ParseClose(r.Key, r.Value)
		require.NoError(b.t, err)
		if ok {
			all = append(all, c)
		}
	}
	return all
}

func TestLateChangeRevisesAClosedWindow(t *testing.T) {
	b := newBench(t)
	b.define(entry())
	b.delta("button", buyer(0, t0, 1000))
	b.watermark(t0 + 90_000)
	b.d.Run()
	late := buyer(1, t0, 300)
	late.Panes[0].Late = 2
	b.delta("button", late)
	b.d.Run()
	b.d.Advance(time.Second)
	for _, grain := range []string{"1s", "60s"} {
		r := b.last()[window(grain, t0)]
		require.True(t, r.Closed)
		require.EqualValues(t, 2, r.Revision)
		require.EqualValues(t, 1, *r.Metrics["purchase"].Variants["treatment"].Events)
	}
	require.EqualValues(t, 1, b.last()[total].Units["treatment"])
}

func TestTombstonesAtRetention(t *testing.T) {
	b := newBench(t)
	b.define(entry(func(d *experiment.Definition) {
		d.Retention = map[string]experiment.Duration{"1s": 10_000, "60s": 60_000}
	}))
	b.delta("button", buyer(0, t0, 1000))
	b.delta("button", buyer(0, t0+30_000, 1000))
	b.watermark(t0 + 1000 + 9_999)
	b.d.Run()
	require.Contains(t, b.last(), window("1s", t0))
	b.watermark(t0 + 1000 + 10_000)
	b.d.Run()
	require.NotContains(t, b.last(), window("1s", t0))
	require.Contains(t, b.last(), window("60s", t0))
	require.Empty(t, b.rows('s'), "no minute is closed yet")

	b.delta("button", buyer(1, t0, 1000))
	b.d.Run()
	b.d.Advance(time.Second)
	require.NotContains(t, b.last(), window("1s", t0), "too late for the pane")
	require.EqualValues(t, 1, b.last()[total].Units["treatment"], "never too late for the total")
	require.EqualValues(t, 1, *b.last()[window("60s", t0)].Metrics["purchase"].Variants["treatment"].Events)
	require.EqualValues(t, 1, b.d.Counter(cells.CountExpired))

	b.watermark(t0 + 120_000)
	b.d.Run()
	b.d.Advance(time.Second)
	require.Len(t, b.last(), 1, "the total alone")
	require.Len(t, b.rows('w'), 2, "the latest panes")
	require.Empty(t, b.rows('s'))
}

func TestOldPanesAreSwept(t *testing.T) {
	b := newBench(t)
	b.define(entry())
	for i := range int64(100) {
		b.delta("button", buyer(0, t0+1000*i, 100))
	}
	b.watermark(t0 + 100_000 + 599_999)
	b.d.Run()
	require.Len(t, b.last(), 1+2+1, "total, minutes, the last pane")
	require.Len(t, b.rows('w'), 2+64)
	b.watermark(t0 + 100_000 + 600_000)
	b.d.Run()
	require.Len(t, b.last(), 1+2)
	b.d.Wipe()
	b.delta("button", undo(buyer(0, t0+99_000, 100)))
	b.d.Run()
	b.d.Advance(time.Second)
	require.Equal(t, t0+99_000, b.last()[total].AsOf)
}

func TestEmptiedWindowIsRemoved(t *testing.T) {
	b := newBench(t)
	b.define(entry())
	b.delta("button", buyer(0, t0, 1000))
	b.delta("button", buyer(1, t0+5000, 1000))
	b.watermark(t0 + 90_000)
	b.d.Run()
	b.d.Advance(time.Second)
	require.Equal(t, t0+6000, b.last()[total].AsOf)
	b.delta("button", undo(buyer(1, t0+5000, 1000)))
	b.d.Run()
	b.d.Advance(time.Second)
	last := b.last()
	require.Equal(t, t0+1000, last[total].AsOf, "the latest pane that is not empty")
	require.EqualValues(t, 1, *last[total].Excluded)
	require.NotContains(t, last, window("1s", t0+5000))
	require.Contains(t, last, window("60s", t0))
}

func TestPartitionByExperiment(t *testing.T) {
	for _, key := range []string{total, window("60s", t0), "button|total|country=DE"} {
		require.Equal(t, topology.PartitionOf([]byte("button"), 4), cells.PartitionByExperiment([]byte(key), 4))
	}
}
