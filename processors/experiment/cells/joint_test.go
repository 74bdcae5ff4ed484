package cells_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/codecs/schematest"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// shop has two metrics, the ratio of them, and perhaps covariates.
func shop(e experiment.Entry, mean, ratio *experiment.Covariate) experiment.Entry {
	two, limit := 2, experiment.Amount("500")
	for i := range e.Versions {
		e.Versions[i].Definition.Metrics = []experiment.Metric{
			{Name: "spent", Kind: "mean", Event: "purchase", Decimals: &two, Cap: &limit, Covariate: mean},
			{Name: "orders", Kind: "count", Event: "purchase"},
			{Name: "basket", Kind: "ratio", Numerator: "spent", Denominator: "orders", Covariate: ratio},
		}
	}
	return e
}

// joined are n units of a variant, live and matured: i-th spent, orders, and the same of before.
func joined(variant int, epoch int64, n int, totals func(i int64) [4]int64) experiment.CellDelta {
	c := experiment.CellDelta{
		Variant: variant, Epoch: epoch, Units: int64(n), FirstSeen: int64(n), NonZero: make([]int64, 3),
		Live: make([]stats.Sums, 3), Matured: make([]stats.Sums, 3), Joint: []experiment.JointSums{{Metric: 0}, {Metric: 2}},
	}
	for i := range int64(n) {
		x := totals(i)
		for m := range 2 {
			c.Live[m].Replace(0, x[m])
			c.Matured[m].Include(x[m])
		}
		adjusted := []int64{x[0], x[2]}
		c.Joint[0].Live.Replace(make([]int64, 2), adjusted)
		c.Joint[0].Matured.Include(adjusted...)
		c.Joint[1].Live.Replace(make([]int64, 4), x[:])
		c.Joint[1].Matured.Include(x[:]...)
		for m := range c.NonZero {
			if x[0] != 0 && (m != 2 || x[1] != 0) {
				c.NonZero[m]++
			}
		}
	}
	return c
}

// plain has the ratio without a covariate.
func plain(c experiment.CellDelta) experiment.CellDelta {
	c.Joint[1].Live, c.Joint[1].Matured = c.Joint[1].Live.First(2), c.Joint[1].Matured.First(2)
	return c
}

func spending(base int64) func(i int64) [4]int64 {
	return func(i int64) [4]int64 {
		return [4]int64{base + 97*(i%7) - 11*(i%3), 1 + i%4, base/2 + 90*(i%7), 1 + i%2}
	}
}

func TestRatiosAndCovariatesAreThoseOfStats(t *testing.T) {
	before := &experiment.Covariate{Event: "purchase", Period: 1000}
	a, b := joined(0, 1, 600, spending(300)), joined(1, 1, 590, spending(350))
	r := totalOf(shop(entry(), before, before), a, b)
	live := func(at int) ([]stats.Joint, []stats.Joint) {
		x, y := a.Joint[at].Live, b.Joint[at].Live
		x.N, y.N = a.Units, b.Units
		return []stats.Joint{x}, []stats.Joint{y}
	}
	x, y := live(0)
	want := stats.Adjusted(x, y, [2]int{2, 2}, .05)
	spent := r.Metrics["spent"].Comparisons["treatment"]
	same(t, want, spent)
	require.Equal(t, result.Num(want.DF), spent.DF)
	require.Equal(t, result.Num(want.Theta), spent.Theta)
	unadjusted := stats.Welch(x[0].Sums(0).Sample(2), y[0].Sums(0).Sample(2), .05)
	require.InEpsilon(t, 1-want.SE*want.SE/unadjusted.SE/unadjusted.SE, num(t, spent.VarianceReduction), 1e-12)
	require.Equal(t, "asymptotic_sequence", spent.MethodAlways)
	isSequence(t, spent, want.Difference, want.SE*want.SE, 1190, 10_000)

	x, y = live(1)
	want = stats.AdjustedRatio(x, y, [2]int{2, 0}, .05)
	basket := r.Metrics["basket"].Comparisons["treatment"]
	same(t, want, basket)
	require.Equal(t, result.Num(want.Theta), basket.Theta)
	isSequence(t, basket, want.Difference, want.SE*want.SE, 1190, 10_000)
	ratio, variance, _ := x[0].Ratio([2]int{2, 0})
	require.InDelta(t, ratio, num(t, r.Metrics["basket"].Variants["control"].Mean), 0)
	require.InDelta(t, variance, num(t, r.Metrics["basket"].Variants["control"].Variance), 0)
	require.Equal(t, r.Metrics["spent"].Variants["control"].Sum, r.Metrics["basket"].Variants["control"].Sum)
	data, err := result.Codec.Append(nil, r)
	require.NoError(t, err)
	require.NoError(t, schematest.Check(result.Schema, data))
}

// Epochs are compared within themselves: here no arm is better in any, but pooled one would be.
func TestJointSumsAreNeverPooledOverEpochs(t *testing.T) {
	cheap, dear := spending(100), spending(900)
	r := totalOf(shop(ramped(), &experiment.Covariate{Period: 1000}, nil),
		plain(joined(0, 1, 8400, cheap)), plain(joined(1, 1, 840, cheap)), plain(joined(0, 2, 4200, dear)), plain(joined(1, 2, 4200, dear)))
	for metric, method := range map[string]string{"spent": "welch_cuped_stratified", "basket": "ratio_stratified"} {
		c := r.Metrics[metric].Comparisons["treatment"]
		require.Equal(t, method, c.Method)
		require.InDelta(t, 0, num(t, c.Difference), 1e-9, metric)
		require.Greater(t, num(t, r.Metrics[metric].Variants["treatment"].Mean), 1.3*num(t, r.Metrics[metric].Variants["control"].Mean), metric)
		require.InDelta(t, 1, num(t, c.PAlways), 1e-9, metric)
	}
}

// Where nobody did anything before, there is nothing to adjust a ratio by.
func TestARatioWithoutAPastIsPlain(t *testing.T) {
	past := func(i int64) [4]int64 { x := spending(300)(i); return [4]int64{x[0], x[1]} }
	r := totalOf(shop(entry(), nil, &experiment.Covariate{Period: 1000}), joined(0, 1, 300, past), joined(1, 1, 300, past))
	c := r.Metrics["basket"].Comparisons["treatment"]
	require.Equal(t, "ratio", c.Method)
	require.InDelta(t, 0, num(t, c.VarianceReduction), 0)
	null(t, c.Theta)
	num(t, c.P)
}

// A number of each unit stands as x and 1; theta is told in the units of both.
func TestThetaOfAGivenNumber(t *testing.T) {
	one := 1
	given := func(base int64) func(i int64) [4]int64 {
		return func(i int64) [4]int64 { x := spending(base)(i); return [4]int64{x[0], 1, x[2], 1} }
	}
	prop := &experiment.Covariate{Prop: "past", Decimals: &one}
	r := totalOf(shop(entry(), prop, prop), joined(0, 1, 300, given(300)), joined(1, 1, 310, given(350)))
	spent, basket := r.Metrics["spent"].Comparisons["treatment"], r.Metrics["basket"].Comparisons["treatment"]
	require.InEpsilon(t, num(t, spent.Difference), num(t, basket.Difference), 0.02, "orders are 1: both are means, with another theta")
	require.InEpsilon(t, num(t, spent.Theta), num(t, basket.Theta), 0.02)
}

func TestARatioOfNothing(t *testing.T) {
	r := totalOf(shop(entry(), nil, nil), experiment.CellDelta{Units: 5}, experiment.CellDelta{Variant: 1, Units: 5})
	m := r.Metrics["basket"]
	null(t, m.Variants["control"].Mean, m.Variants["control"].Variance, m.Comparisons["treatment"].P, m.Comparisons["treatment"].PAlways)
	require.Equal(t, stats.ReasonNoDenominator, m.Variants["control"].Reason)
	require.Equal(t, "0.00", m.Variants["control"].Sum)
	require.Contains(t, m.Comparisons["treatment"].Reason, stats.ReasonNoDenominator)
}

// In a window a ratio is the sum of its numerator's values over that of its denominator's.
func TestARatioInAWindow(t *testing.T) {
	e := shop(entry(), nil, nil)
	pane := experiment.PaneDelta{Variant: 1, Start: t0, UnitsNew: 2, Metrics: []experiment.PaneSums{
		{Events: 4, Sum: stats.Int128{}.AddInt64(1000)}, {Events: 4, Sum: stats.Int128{}.AddInt64(4)}, {},
	}}
	r := cells.Window(cells.WindowInput{Entry: &e, Grain: "1s", Start: t0, End: t0 + 1000, Watermark: t0, Panes: []experiment.PaneDelta{pane}})
	v := r.Metrics["basket"].Variants["treatment"]
	require.InDelta(t, 2.5, num(t, v.Mean), 0)
	require.EqualValues(t, 4, *v.Events)
	require.Equal(t, "10.00", v.Sum)
	require.Nil(t, v.Uniques)
	null(t, r.Metrics["basket"].Variants["control"].Mean)
	require.Equal(t, stats.ReasonNoDenominator, r.Metrics["basket"].Variants["control"].Reason)
}

// Conversions with a covariate are watched by what decides them, the adjusted sequence: at one look the watch adds nothing to it.
func TestAdjustedConversionsAreWatchedAdjusted(t *testing.T) {
	e := entry(func(d *experiment.Definition) {
		d.Metrics = []experiment.Metric{{Name: "bought", Kind: "conversion", Event: "purchase", Covariate: &experiment.Covariate{Event: "purchase", Period: 1000}}}
	})
	is := func(yes bool) int64 {
		if yes {
			return 1
		}
		return 0
	}
	arm := func(variant int, bought int64) experiment.CellDelta {
		c := joined(variant, 1, 4000, func(i int64) [4]int64 { return [4]int64{is(i < bought), 0, is(i < 390), 0} })
		c.Live, c.Matured, c.NonZero, c.Joint = c.Live[:1], c.Matured[:1], c.NonZero[:1], c.Joint[:1]
		return c
	}
	sums := &experiment.Delta{Run: 1, Cells: []experiment.CellDelta{arm(0, 400), arm(1, 460)}}
	var w cells.Watch
	w.Close(&e, sums, t0)
	of := func(w *cells.Watch) result.Comparison {
		return cells.Total(cells.TotalInput{Entry: &e, Sums: sums, Watch: w, AsOf: t0, Closed: true}).Metrics["bought"].Comparisons["treatment"]
	}
	watched, looked := of(&w), of(nil)
	require.Equal(t, "asymptotic_sequence", looked.MethodAlways)
	require.Less(t, num(t, looked.PAlways), 1e-3)
	require.InEpsilon(t, num(t, looked.PAlways), num(t, watched.PAlways), 1e-8)
	require.Equal(t, looked.Verdict, watched.Verdict)
}
