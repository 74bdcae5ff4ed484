package cells_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
)

func TestTotalIsSentEachEmitEvery(t *testing.T) {
	b := newBench(t)
	b.define(entry())
	b.delta("button", buyer(0, t0, 1000))
	b.d.Run()
	require.Equal(t, 1, b.sent(total))
	for range 3 {
		b.delta("button", buyer(0, t0, 1000))
		b.d.Run()
	}
	require.Equal(t, 1, b.sent(total), "put off")
	b.d.Advance(19 * time.Millisecond)
	require.Equal(t, 1, b.sent(total))
	b.d.Advance(time.Millisecond)
	require.Equal(t, 2, b.sent(total), "by the wall clock alone")
	require.EqualValues(t, 4, b.last()[total].Units["control"])
	b.d.Advance(time.Minute)
	require.Equal(t, 2, b.sent(total), "nothing changed")
}

// A total of 16 variants and 64 metrics is near the size limit of a record: it is sent less often.
func TestLargeTotalsAreSentLessOften(t *testing.T) {
	b := newBench(t)
	e := entry()
	d := &e.Versions[0].Definition
	for i := len(d.Variants); i < 16; i++ {
		d.Variants = append(d.Variants, experiment.Variant{Name: fmt.Sprint("v", i), Weight: 1})
	}
	for i := len(d.Metrics); i < 64; i++ {
		m := d.Metrics[0]
		m.Name = fmt.Sprint("m", i)
		d.Metrics = append(d.Metrics, m)
	}
	b.define(e)
	b.delta("button", buyer(0, t0, 1000))
	b.d.Run()
	b.delta("button", buyer(0, t0, 1000))
	b.d.Run()
	b.d.Advance(255 * time.Millisecond)
	require.Equal(t, 1, b.sent(total))
	b.d.Advance(time.Millisecond)
	require.Equal(t, 2, b.sent(total))
}

// unsent counts the rows of the changelog that are put off.
func (b *bench) unsent() (n int) {
	for key, value := range b.d.Last(changelog) {
		if name, yes := cells.Unsent([]byte(key), value); yes {
			require.Equal(b.t, "button", name)
			n++
		}
	}
	return n
}

// TestChangelogTellsWhatIsPutOff: who waits for the last word of an experiment can see that there is more to come, also
// where a correction of what is closed is put off.
func TestChangelogTellsWhatIsPutOff(t *testing.T) {
	b := newBench(t)
	b.define(entry())
	b.delta("button", buyer(0, t0, 1000))
	b.watermark(t0 + 120_000)
	b.d.Run()
	b.d.Advance(2 * time.Second)
	require.Zero(t, b.unsent())
	for range 2 {
		b.delta("button", buyer(0, t0, 1000))
		b.d.Run()
	}
	require.True(t, b.last()[window("60s", t0)].Closed)
	require.Positive(t, b.unsent())
	b.d.Advance(time.Second)
	require.Zero(t, b.unsent())
}

func TestOpenWindowsAreSentEachSecond(t *testing.T) {
	b := newBench(t)
	b.define(entry())
	b.delta("button", buyer(0, t0, 1000))
	b.d.Run()
	b.delta("button", buyer(0, t0, 1000))
	b.d.Run()
	b.d.Advance(999 * time.Millisecond)
	require.Equal(t, 1, b.sent(window("60s", t0)))
	b.watermark(t0 + 1000)
	b.d.Run()
	require.Equal(t, 2, b.sent(window("1s", t0)), "closing does not wait")
	require.Equal(t, 1, b.sent(window("60s", t0)))
	b.d.Advance(time.Millisecond)
	require.Equal(t, 2, b.sent(window("60s", t0)))
	require.EqualValues(t, 2, *b.last()[window("60s", t0)].Metrics["purchase"].Variants["control"].Events)
	require.Equal(t, 2, b.sent(window("1s", t0)))
}

func TestPutOffRecordsSurviveARestart(t *testing.T) {
	b := newBench(t)
	b.define(entry())
	b.delta("button", buyer(0, t0, 1000))
	b.d.Run()
	b.delta("button", buyer(1, t0, 1000))
	b.d.Run()
	require.Zero(t, b.last()[total].Units["treatment"])
	b.d.Restart()
	b.d.Run()
	require.EqualValues(t, 1, b.last()[total].Units["treatment"])
	require.EqualValues(t, 1, *b.last()[window("60s", t0)].Metrics["purchase"].Variants["treatment"].Events)
}
