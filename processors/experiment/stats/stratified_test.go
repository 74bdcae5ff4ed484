package stats_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// Pooling 10/90 at 5 % and 50/50 at 6 % finds a lift where there is none: Simpson's paradox.
func TestStrataUndoSimpsonsParadox(t *testing.T) {
	control := []stats.Count{{N: 9000, X: 450}, {N: 5000, X: 300}}
	treatment := []stats.Count{{N: 1000, X: 50}, {N: 5000, X: 300}}
	pooled := stats.Proportions(stats.Count{N: 14000, X: 750}, stats.Count{N: 6000, X: 350}, .05)
	require.Greater(t, pooled.Relative, .08)

	c := stats.StratifiedProportions(control, treatment, .05)
	require.Equal(t, "z_pooled_stratified", c.Method)
	require.InDelta(t, 0, c.Difference, 1e-15)
	require.InDelta(t, 1, c.P, 1e-12)
	require.True(t, math.IsNaN(c.DF))
	require.Empty(t, c.Reason)
}

func TestStratifiedByHand(t *testing.T) {
	control := []stats.Count{{N: 100, X: 10}, {N: 300, X: 60}}
	treatment := []stats.Count{{N: 100, X: 20}, {N: 100, X: 25}}
	c := stats.StratifiedProportions(control, treatment, .05)
	w1, w2 := 200.0/600, 400.0/600
	require.InDelta(t, w1*.1+w2*.05, c.Difference, 1e-15)
	v := w1*w1*(.1*.9/100+.2*.8/100) + w2*w2*(.2*.8/300+.25*.75/100)
	require.InDelta(t, math.Sqrt(v), c.SE, 1e-15)
	p1, p2 := 30.0/200, 85.0/400
	pooled := w1*w1*p1*(1-p1)*(2.0/100) + w2*w2*p2*(1-p2)*(1.0/300+1.0/100)
	require.InDelta(t, c.Difference/math.Sqrt(pooled), c.Statistic, 1e-12)
	require.InDelta(t, c.Difference-1.959963984540054*c.SE, c.Interval[0], 1e-12)
	mC := w1*.1 + w2*.2
	require.InDelta(t, c.Difference/mC, c.Relative, 1e-12)

	means := stats.StratifiedWelch(
		[]stats.Sample{{N: 100, Mean: 1, Variance: 4}, {N: 300, Mean: 2, Variance: 5}},
		[]stats.Sample{{N: 100, Mean: 1.5, Variance: 6}, {N: 100, Mean: 2.5, Variance: 7}}, .05)
	require.Equal(t, "welch_stratified", means.Method)
	require.InDelta(t, .5, means.Difference, 1e-15)
	require.InDelta(t, math.Sqrt(w1*w1*(4.0/100+6.0/100)+w2*w2*(5.0/300+7.0/100)), means.SE, 1e-15)
	require.InDelta(t, means.Difference/means.SE, means.Statistic, 1e-15)
}

func TestOneStratumIsThePlainComparison(t *testing.T) {
	a, b := stats.Count{N: 1000, X: 100}, stats.Count{N: 900, X: 110}
	plain, one := stats.Proportions(a, b, .05), stats.StratifiedProportions([]stats.Count{a}, []stats.Count{b}, .05)
	require.InEpsilon(t, plain.P, one.P, 1e-12)
	require.InEpsilon(t, plain.SE, one.SE, 1e-12)
	require.InEpsilon(t, plain.RelativeInterval[1], one.RelativeInterval[1], 1e-12)
}

func TestThinStrataAreLeftOut(t *testing.T) {
	control := []stats.Count{{N: 100, X: 10}, {N: 1, X: 1}, {N: 50, X: 5}}
	treatment := []stats.Count{{N: 100, X: 20}, {N: 80, X: 1}, {N: 0}}
	first, all := stats.StratifiedProportions(control[:1], treatment[:1], .05), stats.StratifiedProportions(control, treatment, .05)
	require.Equal(t, fmt.Sprint(first), fmt.Sprint(all)) // DF is NaN

	none := stats.StratifiedProportions(control[1:], treatment[1:], .05)
	require.Equal(t, stats.ReasonTooFewUnits, none.Reason)
	require.True(t, math.IsNaN(none.P) && math.IsNaN(none.Difference))
	empty := stats.StratifiedWelch(nil, nil, .05)
	require.Equal(t, stats.ReasonTooFewUnits, empty.Reason)
	flat := stats.StratifiedWelch([]stats.Sample{{N: 5, Mean: 1}}, []stats.Sample{{N: 5, Mean: 1}}, .05)
	require.Equal(t, stats.ReasonNoVariance, flat.Reason)
}
