package cells_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
)

const sliding = "sliding 60s"

// slidingBench has an experiment with sliding windows alone, kept for two minutes.
func slidingBench(t *testing.T) *bench {
	b := newBench(t)
	b.define(entry(func(d *experiment.Definition) {
		d.Windows = []string{sliding}
		d.Retention = map[string]experiment.Duration{"1s": 5000, sliding: 120_000}
	}))
	return b
}

// events is how many purchases of control the sliding window says that ends so many seconds after t0; -1 without a record.
func (b *bench) events(end int64) int64 {
	rec := b.last()[window(sliding, t0+1000*end-60_000)]
	if rec == nil {
		return -1
	}
	require.True(b.t, rec.Closed)
	require.Equal(b.t, *rec.End, rec.AsOf)
	return *rec.Metrics["purchase"].Variants["control"].Events
}

func TestASlidingWindowEndsWithEachSecond(t *testing.T) {
	b := slidingBench(t)
	b.delta("button", buyer(0, t0, 1000))
	b.delta("button", buyer(0, t0+2000, 3000))
	b.watermark(t0 + 999)
	b.d.Run()
	require.EqualValues(t, -1, b.events(1), "not before its end")
	b.watermark(t0 + 3000)
	b.d.Run()
	require.Equal(t, []int64{-1, 1, 1, 2, -1}, []int64{b.events(0), b.events(1), b.events(2), b.events(3), b.events(4)})
	require.Equal(t, 1, b.sent(window(sliding, t0+3000-60_000)), "once")
	revenue := b.last()[window(sliding, t0+3000-60_000)].Metrics["revenue"].Variants["control"]
	require.InEpsilon(t, 10, num(t, revenue.Min), 0.01)
	require.InEpsilon(t, 30, num(t, revenue.Max), 0.01)
	require.EqualValues(t, 2, *revenue.Uniques)
	require.EqualValues(t, 120_000, b.last()[window(sliding, t0+3000-60_000)].Retention)

	b.watermark(t0 + 300_000)
	b.d.Run()
	require.EqualValues(t, -1, b.events(63), "nothing is left in it")
	require.Empty(t, b.rows('s'), "all have expired")
}

func TestALatePaneCorrectsTheWindowsThatHoldIt(t *testing.T) {
	b := slidingBench(t)
	b.delta("button", buyer(0, t0, 1000))
	b.delta("button", buyer(0, t0+50_000, 1000))
	b.watermark(t0 + 70_000)
	b.d.Run()
	require.Equal(t, []int64{1, 1, 2, 1}, []int64{b.events(1), b.events(50), b.events(60), b.events(61)})
	late := buyer(0, t0+20_000, 500)
	late.Panes[0].Late = 1
	b.delta("button", late)
	b.d.Run()
	b.d.Advance(time.Second)
	require.Equal(t, []int64{1, 2, 3, 2}, []int64{b.events(20), b.events(50), b.events(60), b.events(70)})
	require.EqualValues(t, 1, b.last()[window(sliding, t0)].Revision)
	require.Zero(t, b.last()[window(sliding, t0+20_000-60_000)].Revision)

	b.delta("button", undo(buyer(0, t0, 1000)))
	b.d.Run()
	b.d.Advance(time.Second)
	require.Equal(t, []int64{-1, -1, 1, 2}, []int64{b.events(1), b.events(20), b.events(21), b.events(60)}, "emptied ones are removed")
}

// Years between two panes are passed in one step.
func TestSlidingWindowsLeapOverQuietTimes(t *testing.T) {
	b := slidingBench(t)
	const years = 5 * 365 * 24 * 3600
	b.delta("button", buyer(0, t0, 1000))
	b.delta("button", buyer(0, t0+years*1000, 1000))
	b.watermark(t0 + (years+30)*1000)
	b.d.Run()
	require.EqualValues(t, 1, b.events(years+1))
	require.EqualValues(t, 1, b.events(years+30))
	b.d.Restart()
	b.watermark(t0 + (years+60)*1000)
	b.d.Run()
	require.EqualValues(t, 1, b.events(years+60))
	require.EqualValues(t, -1, b.events(years+61))
	b.watermark(t0 + (years+400)*1000)
	b.d.Run()
	require.Len(t, b.rows('w'), 2, "the latest panes alone")
}
