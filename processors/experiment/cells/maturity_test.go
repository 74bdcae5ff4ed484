package cells_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
)

// watched is the total once all that is due is sent.
func (b *bench) watched() *result.Record {
	b.t.Helper()
	b.d.Run()
	b.d.Advance(time.Second)
	return b.last()[total]
}

// What matures counts when the watermark passes the end of its pane, all variants at once, and the record says so by as_of.
func TestMaturedUnitsWaitForTheirPane(t *testing.T) {
	b := newBench(t)
	b.define(grains)
	b.watermark(t0)
	b.delta("button", ripen(0, t0+5000, 40))
	b.delta("button", ripen(1, t0+5000, 40))
	b.delta("button", ripen(1, t0+6000, 40))
	rec := b.watched()
	require.EqualValues(t, 0, *rec.Metrics["purchase"].Variants["control"].MaturedN)
	require.Equal(t, []any{t0, false}, []any{rec.AsOf, rec.Closed})
	require.Len(t, b.rows('m'), 2)

	b.watermark(t0 + 6000)
	rec = b.watched()
	for _, arm := range []string{"control", "treatment"} {
		require.EqualValues(t, 40, *rec.Metrics["purchase"].Variants[arm].MaturedN)
	}
	require.Equal(t, []any{t0 + 6000, false}, []any{rec.AsOf, rec.Closed})
	n := b.sent(total)
	b.watermark(t0 + 6500)
	b.watched()
	require.Equal(t, n, b.sent(total), "nothing closed, nothing to send")

	b.watermark(t0 + 60_000)
	rec = b.watched()
	require.EqualValues(t, 80, *rec.Metrics["purchase"].Variants["treatment"].MaturedN)
	require.Equal(t, []any{t0 + 7000, true}, []any{rec.AsOf, rec.Closed})
	require.Zero(t, b.d.Counter(cells.CountLateMaturity))
}

// A pane that is closed takes nothing any more; what comes for it all the same counts with the one now open, and is told.
func TestWhatMaturesLateCountsWithTheNextPane(t *testing.T) {
	b := newBench(t)
	b.define(grains)
	b.delta("button", ripen(0, t0, 10))
	b.watermark(t0 + 9000)
	b.watched()
	b.delta("button", ripen(1, t0, 10))
	rec := b.watched()
	require.EqualValues(t, 0, *rec.Metrics["purchase"].Variants["treatment"].MaturedN)
	require.EqualValues(t, 1, b.d.Counter(cells.CountLateMaturity))
	b.watermark(t0 + 10_000)
	rec = b.watched()
	require.EqualValues(t, 10, *rec.Metrics["purchase"].Variants["treatment"].MaturedN)
	require.EqualValues(t, 1, rec.MaturedLate)
}

// The strongest evidence stays: p is that of the best pane, the interval that of now. The decision is made where it crosses, once.
func TestEvidenceStaysAndDecidesOnce(t *testing.T) {
	b := newBench(t)
	b.define(grains)
	var p []float64
	for i, units := range []int{10, 200, 10, 10} {
		pane := t0 + int64(i)*1000
		b.delta("button", ripen(1, pane, units))
		b.delta("button", ripen(0, pane, 10+i*20))
		b.watermark(pane + 1000)
		x, _ := b.watched().Metrics["purchase"].Comparisons["treatment"].PAlways.Float()
		p = append(p, x)
	}
	require.Equal(t, 1.0, p[0])
	require.Less(t, p[1], 0.005)
	require.Equal(t, []float64{p[1], p[1]}, p[2:])
	c := b.last()[total].Metrics["purchase"].Comparisons["treatment"]
	require.Equal(t, t0+2000, c.CrossedAt)
	require.Equal(t, 1, strings.Count(strings.Join(b.decided(), "\n"), `"id":"button|1|purchase|treatment"`))
	var d *decision.Record
	require.NoError(t, decision.Codec.Parse(b.d.Records(decided)[0].Value, &d))
	require.Equal(t, []any{"button|1|purchase|treatment", decision.Stop, t0 + 1000}, []any{d.ID, d.Action, d.Pane})
	require.Equal(t, int64(210), d.Treatment.N)
}
