package cells_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/codecs/schematest"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/verdict"
)

// cell makes the sums of a variant: converted units of n, and the totals of revenue in cents, others being 0.
func cell(variant int, epoch, n, converted int64, cents ...int64) experiment.CellDelta {
	c := experiment.CellDelta{Variant: variant, Epoch: epoch, Units: n, FirstSeen: n, Live: make([]stats.Sums, 3)}
	for range converted {
		c.Live[0].Replace(0, 1)
		c.Live[1].Replace(0, 2)
	}
	for _, v := range cents {
		c.Live[2].Replace(0, v)
	}
	return c
}

func totalOf(e experiment.Entry, all ...experiment.CellDelta) *result.Record {
	return cellsTotal(e, &experiment.Delta{Run: 1, Cells: all})
}

// same requires that a comparison has the figures that package stats gives.
func same(t *testing.T, want stats.Comparison, got result.Comparison) {
	t.Helper()
	require.Equal(t, want.Method, got.Method)
	figures := []float64{want.Difference, want.Relative, want.SE, want.Statistic, want.P, want.Interval[0], want.Interval[1],
		want.RelativeInterval[0], want.RelativeInterval[1]}
	for i, n := range []result.Number{got.Difference, got.Relative, got.SE, got.Statistic, got.P, got.Interval[0], got.Interval[1],
		got.RelativeInterval[0], got.RelativeInterval[1]} {
		require.Equal(t, result.Num(figures[i]), n, "figure %d", i)
	}
}

func TestFiguresAreThoseOfStats(t *testing.T) {
	r := totalOf(entry(), cell(0, 1, 1000, 100, 1000, 2550, 399), cell(1, 1, 980, 130, 1200, 2550, 1))
	conversion := r.Metrics["purchase"].Comparisons["treatment"]
	same(t, stats.Proportions(stats.Count{N: 1000, X: 100}, stats.Count{N: 980, X: 130}, .05), conversion)
	_, hasDF := conversion.DF.Float()
	require.False(t, hasDF, "case 37: no df with z")
	require.InDelta(t, .1*.9, num(t, r.Metrics["purchase"].Variants["control"].Variance), 1e-15)

	clicks := stats.Sums{N: 1000}
	for range 100 {
		clicks.Replace(0, 2)
	}
	require.InDelta(t, .2, num(t, r.Metrics["clicks"].Variants["control"].Mean), 1e-15)
	variance, _ := clicks.Variance(0)
	require.InDelta(t, variance, num(t, r.Metrics["clicks"].Variants["control"].Variance), 0)

	a, b := stats.Sums{N: 1000}, stats.Sums{N: 980}
	for i, v := range []int64{1000, 2550, 399} {
		a.Replace(0, v)
		b.Replace(0, []int64{1200, 2550, 1}[i])
	}
	revenue := r.Metrics["revenue"].Comparisons["treatment"]
	want := stats.Welch(a.Sample(2), b.Sample(2), .05)
	same(t, want, revenue)
	require.InDelta(t, want.DF, num(t, revenue.DF), 0)
	require.Equal(t, "39.49", r.Metrics["revenue"].Variants["control"].Sum)
	require.Equal(t, verdict.Collecting, revenue.Verdict, "nothing has matured")
	require.Contains(t, revenue.Reason, stats.ReasonTooFewUnits)
	null(t, revenue.PAlways, revenue.PAdjusted)
}

// Case 36: what is not available is null, with a reason.
func TestCase36(t *testing.T) {
	r := totalOf(entry(), cell(0, 1, 1, 0), cell(1, 1, 5, 0))
	lone := r.Metrics["revenue"].Variants["control"]
	require.Equal(t, "0.00", lone.Sum)
	null(t, lone.Variance)
	require.Equal(t, stats.ReasonTooFewUnits, lone.Reason)
	c := r.Metrics["revenue"].Comparisons["treatment"]
	null(t, c.P, c.SE, c.Relative, c.Interval[0], c.RelativeInterval[1])
	require.Contains(t, c.Reason, "("+stats.ReasonTooFewUnits+").")

	r = totalOf(entry(), cell(1, 1, 5, 0))
	null(t, r.Metrics["purchase"].Variants["control"].Mean)
	require.Equal(t, cells.ReasonNoUnits, r.Metrics["purchase"].Variants["control"].Reason)
	require.EqualValues(t, 0, *r.Metrics["purchase"].Variants["control"].N)

	r = totalOf(entry(), cell(0, 1, 5, 0), cell(1, 1, 5, 2))
	c = r.Metrics["purchase"].Comparisons["treatment"]
	null(t, c.Relative, c.RelativeInterval[0])
	require.Contains(t, c.Reason, stats.ReasonControlMeanZero)
	num(t, c.P)
}

func TestAlphaIsThatOfTheDefinition(t *testing.T) {
	e := entry(func(d *experiment.Definition) { d.Decision.Alpha = .2 })
	r := totalOf(e, cell(0, 1, 1000, 100), cell(1, 1, 980, 130))
	same(t, stats.Proportions(stats.Count{N: 1000, X: 100}, stats.Count{N: 980, X: 130}, .2), r.Metrics["purchase"].Comparisons["treatment"])
}

// ramped is an entry whose second version gives other weights.
func ramped() experiment.Entry {
	e := entry(func(d *experiment.Definition) { d.Variants[0].Weight, d.Variants[1].Weight = 90, 10 })
	next := entry().Versions[0]
	next.Version, next.Effective = 2, t0
	e.Versions = append(e.Versions, next)
	return e
}

func TestEpochsAreComparedWithinThemselves(t *testing.T) {
	r := totalOf(ramped(), cell(0, 1, 9000, 450), cell(1, 1, 1000, 50), cell(0, 2, 5000, 300), cell(1, 2, 5000, 300))
	c := r.Metrics["purchase"].Comparisons["treatment"]
	require.Equal(t, "z_pooled_stratified", c.Method)
	require.InDelta(t, 0, num(t, c.Difference), 1e-12)
	require.InDelta(t, 1, num(t, c.P), 1e-9)
	require.EqualValues(t, 14000, *r.Metrics["purchase"].Variants["control"].N)
	require.EqualValues(t, 2, r.ConfigVersion)
	revenue := r.Metrics["revenue"].Comparisons["treatment"]
	require.Equal(t, "welch_stratified", revenue.Method)

	require.InDelta(t, 0, num(t, r.Split.Chi2), 1e-9, "each epoch by its own weights")
	require.Equal(t, map[string]float64{"control": .5, "treatment": .5}, r.Split.Weights)
}

func TestAnEpochWithoutUnitsIsNone(t *testing.T) {
	gone := cell(0, 1, 0, 0)
	r := totalOf(ramped(), gone, cell(0, 2, 500, 30), cell(1, 2, 400, 30))
	require.Equal(t, stats.MethodPooledZ, r.Metrics["purchase"].Comparisons["treatment"].Method)
}

// Case 38: kept units, normalised weights, arms of weight zero left out.
func TestCase38(t *testing.T) {
	three := func(d *experiment.Definition) {
		d.Variants = experiment.Variants{{Name: "control", Weight: 3}, {Name: "treatment", Weight: 1}, {Name: "off", Weight: 0}}
	}
	r := totalOf(entry(three), cell(0, 1, 3060, 0), cell(1, 1, 940, 0), cell(2, 1, 77, 0))
	chi2, _, p, ok := stats.ChiSquare([]int64{3060, 940}, []float64{3, 1})
	require.True(t, ok)
	require.InEpsilon(t, chi2, num(t, r.Split.Chi2), 1e-12)
	require.InEpsilon(t, p, num(t, r.Split.PChi2), 1e-12)
	require.Equal(t, map[string]float64{"control": .75, "treatment": .25, "off": 0}, r.Split.Weights)
	require.Equal(t, verdict.OK, r.Split.Verdict)
	require.Len(t, r.Metrics["purchase"].Comparisons, 2)

	empty := totalOf(entry())
	null(t, empty.Split.Chi2, empty.Split.PChi2, empty.Split.PSequential)
	require.Equal(t, verdict.OK, empty.Split.Verdict)
	require.Equal(t, cells.ReasonNoUnits, empty.Split.Reason)
}

// Case 27: of unit: event, n of a mean is its own events.
func TestCase27(t *testing.T) {
	byEvent := func(d *experiment.Definition) { d.Unit = "event" }
	one, two := cell(0, 1, 100, 10), cell(1, 1, 100, 20)
	for i := range int64(5) {
		one.Live[2].Include(1000 + i)
		two.Live[2].Include(1010 + i)
	}
	r := totalOf(entry(byEvent), one, two)
	require.Nil(t, r.Split)
	require.Equal(t, cells.ReasonNotIndependent, r.Reason["split"])
	require.EqualValues(t, 0, *r.Excluded)
	require.EqualValues(t, 100, *r.Metrics["purchase"].Variants["control"].N)
	require.EqualValues(t, 5, *r.Metrics["revenue"].Variants["control"].N)
	require.EqualValues(t, 5, *r.Metrics["revenue"].Variants["control"].MaturedN)
	require.InDelta(t, 10.02, num(t, r.Metrics["revenue"].Variants["control"].Mean), 1e-12)
	c := r.Metrics["purchase"].Comparisons["treatment"]
	require.InDelta(t, .1, num(t, c.Difference), 1e-12)
	null(t, c.P, c.SE, c.Statistic, c.Interval[0], c.RelativeInterval[0], c.PAlways)
	require.Empty(t, c.Verdict)
	require.Equal(t, cells.ReasonNotIndependent, c.Reason)

	r = totalOf(entry(byEvent, func(d *experiment.Definition) { d.RandomisedBy = "event" }), one, two)
	require.Equal(t, verdict.OK, r.Split.Verdict)
	same(t, stats.Welch(one.Live[2].Sample(2), two.Live[2].Sample(2), .05), r.Metrics["revenue"].Comparisons["treatment"])
}

func TestTheRecordIsOneOfItsSchema(t *testing.T) {
	for _, r := range []*result.Record{
		totalOf(entry()), totalOf(ramped(), cell(0, 1, 10, 5, 3), cell(1, 2, 9, 5, 3)),
		totalOf(entry(func(d *experiment.Definition) { d.Unit = "event" }), cell(0, 1, 10, 2)),
	} {
		data, err := result.Codec.Append(nil, r)
		require.NoError(t, err)
		require.NoError(t, schematest.Check(result.Schema, data))
		back := decode(t, data)
		again, err := result.Codec.Append(nil, back)
		require.NoError(t, err)
		require.Equal(t, string(data), string(again))
	}
}

func TestAsOf(t *testing.T) {
	e := entry()
	for _, c := range []struct {
		watermark, last, at int64
		closed              bool
	}{
		{math.MinInt64, t0, 0, false},
		{t0 - 1, t0, t0 - 1, false},
		{t0, t0, t0, true},
		{t0 + 5000, t0, t0, true},
		{t0, 0, e.Versions[0].Effective, true},
	} {
		at, closed := cells.AsOf(&e, c.watermark, c.last)
		require.Equal(t, c.at, at)
		require.Equal(t, c.closed, closed)
	}
}
