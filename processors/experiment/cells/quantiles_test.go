package cells_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/codecs/schematest"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
)

// latency is an experiment with a quantile metric, and quantiles of n values a variant: 1..n and, of the treatment, 1.5 times them,
// a thousandth each, spread over buckets and epochs.
func latency(of, unit string, n int64, epochs int64) (experiment.Entry, *experiment.Delta) {
	three := 3
	e := entry(func(d *experiment.Definition) {
		d.Unit, d.RandomisedBy = unit, map[string]string{"event": "event"}[unit]
		d.Metrics = append(d.Metrics, experiment.Metric{Name: "latency", Kind: "quantile", Event: "call", Of: of, Quantiles: []float64{0.5, 0.8}, Decimals: &three})
	})
	d, dice := &experiment.Delta{Run: 1}, rand.New(rand.NewPCG(1, 2))
	for v := range int64(2) {
		for epoch := range epochs {
			c := experiment.CellDelta{Variant: int(v), Epoch: 1 + epoch, Units: n/epochs + 1}
			buckets := make([]experiment.Bins, 32)
			for i := range n {
				at := dice.IntN(32)
				if of == "unit" || unit == "event" {
					at = 0
				}
				if i%epochs == epoch {
					buckets[at].Values.Add((i+1)*1000*(2+v)/2, 1)
				}
			}
			for i := range buckets {
				if buckets[i].Metric, buckets[i].Bucket = 3, i; !buckets[i].Values.Empty() {
					c.Bins = append(c.Bins, buckets[i])
				}
			}
			d.Cells = append(d.Cells, c)
		}
	}
	return e, d
}

func latencyIn(t *testing.T, e experiment.Entry, d *experiment.Delta) result.Metric {
	t.Helper()
	rec := cells.Total(cells.TotalInput{Entry: &e, Sums: d, AsOf: t0, Closed: true})
	data, err := result.Codec.Append(nil, rec)
	require.NoError(t, err)
	require.NoError(t, schematest.Check(result.Schema, data))
	return rec.Metrics["latency"]
}

func TestQuantilesAreComparedAtAFixedHorizonAndHaveNoVerdict(t *testing.T) {
	for _, c := range []struct {
		of, unit string
		n        int64
	}{{"event", "user", 4000}, {"unit", "user", 4001}, {"event", "event", 4000}} {
		e, d := latency(c.of, c.unit, 4000, 1)
		m := latencyIn(t, e, d)
		require.False(t, m.Primary)
		require.EqualValues(t, c.n, *m.Variants["control"].N, "zeros of units are values")
		require.InEpsilon(t, 2000, num(t, m.Variants["control"].Quantiles["0.5"]), 0.011)
		require.InEpsilon(t, 4800, num(t, m.Variants["treatment"].Quantiles["0.8"]), 0.011)
		got := m.Comparisons["treatment"]
		require.Equal(t, "quantile", got.Method)
		require.InEpsilon(t, 1000, num(t, got.Difference), 0.06)
		require.Equal(t, got.P, got.Quantiles["0.5"].P, "the first is the metric's own")
		require.Less(t, num(t, got.P), 1e-3)
		require.Less(t, num(t, got.Quantiles["0.8"].P), 1e-3)
		require.Greater(t, num(t, got.Quantiles["0.8"].Interval[0]), 0.0)
		require.Empty(t, got.Verdict)
		require.Contains(t, got.Reason, "fixed_horizon")
		null(t, got.PAlways, got.PAdjusted, got.IntervalAlways[0])
	}
}

func TestQuantilesThatHaveNoIntervalSayWhy(t *testing.T) {
	e, d := latency("event", "user", 4000, 2)
	m := latencyIn(t, e, d)
	require.InEpsilon(t, 2000, num(t, m.Variants["control"].Quantiles["0.5"]), 0.011)
	require.Contains(t, m.Comparisons["treatment"].Reason, "several_epochs")
	null(t, m.Comparisons["treatment"].Difference, m.Comparisons["treatment"].Quantiles["0.8"].P)

	e, d = latency("event", "event", 4000, 1)
	e.Versions[0].Definition.RandomisedBy = "other"
	m = latencyIn(t, e, d)
	require.Equal(t, "events_not_independent", m.Comparisons["treatment"].Reason)
	require.InEpsilon(t, 0.5, num(t, m.Comparisons["treatment"].Relative), 0.03)
	null(t, m.Comparisons["treatment"].P, m.Comparisons["treatment"].Interval[0])

	e, d = latency("event", "user", 5, 1)
	m = latencyIn(t, e, d)
	require.Equal(t, "edge_of_data", m.Comparisons["treatment"].Quantiles["0.8"].Reason)
	require.InEpsilon(t, 2, num(t, m.Comparisons["treatment"].Quantiles["0.8"].Difference), 0.05)

	e, d = latency("event", "user", 0, 1)
	m = latencyIn(t, e, d)
	require.Equal(t, "no_values", m.Variants["control"].Reason)
	null(t, m.Variants["control"].Quantiles["0.5"], m.Comparisons["treatment"].Difference)
}

// The values of a segment are its own, in the whole and in itself; its figures are those of a whole of the same units.
func TestASegmentHasQuantilesOfItsOwn(t *testing.T) {
	e, whole := latency("event", "user", 2000, 1)
	_, part := latency("event", "user", 500, 1)
	e.Versions[0].Definition.Segments = []experiment.Dimension{{Name: "country", Prop: "country", Values: []string{"DE", "FR"}}}
	both := &experiment.Delta{Run: 1, Cells: whole.Cells}
	for _, c := range part.Cells {
		both.Cells = append(both.Cells, partOf(german, c))
	}
	of := func(d *experiment.Delta, segment int) result.Metric {
		in := cells.TotalInput{Entry: &e, Sums: d, AsOf: t0}
		if segment > 0 {
			return cells.Segment(in, segment).Metrics["latency"]
		}
		return cells.Total(in).Metrics["latency"]
	}
	require.Equal(t, of(whole, 0), of(both, 0))
	require.Equal(t, of(part, 0), of(both, german))
	require.EqualValues(t, 500, *of(both, german).Variants["control"].N)
	require.Zero(t, *of(both, french).Variants["control"].N)
}

// What a table keeps of a segment has its values, from delta to delta and after a restart.
func TestQuantilesOfASegmentAddUp(t *testing.T) {
	b := newBench(t)
	b.define(parted(func(d *experiment.Definition) {
		d.Metrics = append(d.Metrics, experiment.Metric{Name: "latency", Kind: "quantile", Event: "call", Quantiles: []float64{0.5}})
	}))
	spent := func(segment int, value int64) *experiment.Delta {
		d := buyerOf(segment, 0, t0, 1000)
		for i := range d.Cells {
			d.Cells[i].Bins = []experiment.Bins{{Metric: len(d.Cells[i].Live), Bucket: 3}}
			d.Cells[i].Bins[0].Values.Add(value, 1)
		}
		return d
	}
	b.delta("button", spent(german, 7))
	b.delta("button", spent(french, 9_000_000))
	b.d.Run()
	b.d.Restart()
	b.d.Run()
	b.delta("button", spent(german, 11))
	b.delta("button", spent(german, 9))
	b.d.Run()
	b.d.Advance(2_000_000_000)
	n := func(key string) int64 { return *b.last()[key].Metrics["latency"].Variants["control"].N }
	require.Equal(t, []int64{4, 3, 1}, []int64{n("button|total"), n(ofGermany), n(ofFrance)})
	require.InDelta(t, 9e-6, num(t, b.last()[ofGermany].Metrics["latency"].Variants["control"].Quantiles["0.5"]), 1e-9)
}
