package quantile

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// ramp holds 1..n thousands.
func ramp(n int64, shift int64) (s Sketch) {
	for i := range n {
		s.Add(1000*(i+1)+shift, 1)
	}
	return s
}

func TestOfByHand(t *testing.T) {
	e := Of(ramp(10_000, 0), 0.5, 0.05, 3)
	require.Empty(t, e.Reason)
	require.EqualValues(t, 10_000, e.N)
	require.InEpsilon(t, 5000, e.Value, 0.0101)
	require.InEpsilon(t, 0.01*e.Value/0.99, e.Error, 1e-12)
	// Ranks 5000 -+ 98; the bins add one percent at each end.
	require.InEpsilon(t, 4902*0.99, e.Interval[0], 0.0205)
	require.InEpsilon(t, 5098*1.01, e.Interval[1], 0.0205)
	require.InDelta(t, 50, e.SE, 50, "to the width of a bin")
}

func TestOfNotAvailable(t *testing.T) {
	for _, c := range []struct {
		s      Sketch
		q      float64
		reason string
	}{
		{Sketch{}, 0.5, stats.ReasonTooFewUnits},
		{ramp(1, 0), 0.5, stats.ReasonTooFewUnits},
		{ramp(100, 0).Neg(), 0.5, stats.ReasonTooFewUnits},
		{ramp(100, 0), 0, stats.ReasonTooFewUnits},
		{ramp(100, 0), math.NaN(), stats.ReasonTooFewUnits},
		{ramp(100, 0), 0.99, ReasonEdgeOfRange},
		{constant(100), 0.5, ReasonSameBin},
	} {
		e := Of(c.s, c.q, 0.05, 0)
		require.Equal(t, c.reason, e.Reason)
		require.Zero(t, e.Interval)
		require.Zero(t, e.SE)
	}
	require.Equal(t, 5.0, Of(constant(100), 0.5, 0.05, 0).Value, "the value itself is known")
	require.Equal(t, ReasonFewBuckets, Clustered([]Sketch{ramp(50, 0), {}}, 0.5, 0.05, 0).Reason)
	require.Equal(t, ReasonFewBuckets, Clustered(nil, 0.5, 0.05, 0).Reason)
	require.Equal(t, stats.ReasonTooFewUnits, Clustered([]Sketch{ramp(50, 0), ramp(50, 0)}, 1, 0.05, 0).Reason)
}

func constant(n int64) (s Sketch) {
	s.Add(5, n)
	return s
}

func TestCompareQuantiles(t *testing.T) {
	control, treatment := Of(ramp(10_000, 0), 0.5, 0.05, 3), Of(ramp(10_000, 1_000_000), 0.5, 0.05, 3)
	c := Compare(control, treatment, 0.05)
	require.Equal(t, MethodQuantile, c.Method)
	require.Empty(t, c.Reason)
	require.InDelta(t, 1000, c.Difference, 110)
	require.Less(t, c.P, 1e-6)
	require.InDelta(t, c.Difference/control.Value, c.Relative, 1e-15)
	require.Greater(t, c.RelativeInterval[0], 0.0)
	require.Equal(t, c.P < 0.05, c.Interval[0] > 0)

	same := Compare(control, control, 0.05)
	require.Equal(t, 1.0, same.P)
	// What the bins may hide is no difference.
	near := control
	near.Value += control.Error
	require.Equal(t, 1.0, Compare(control, near, 0.05).P)

	none := Compare(Estimate{Reason: ReasonSameBin}, treatment, 0.05)
	require.Equal(t, ReasonSameBin, none.Reason)
	require.True(t, math.IsNaN(none.Difference) && math.IsNaN(none.P) && math.IsNaN(none.Interval[0]))
	zero := control
	zero.Value = 0
	require.Equal(t, stats.ReasonControlMeanZero, Compare(zero, treatment, 0.05).Reason)
}

// Events of one unit are alike: the interval that takes them for independent is far too narrow, the one from buckets is not.
func TestClusteredCoversWhereUnitsHaveManyEvents(t *testing.T) {
	const runs, units, each = 300, 400, 25
	dice := rand.New(rand.NewPCG(7, 7))
	median := math.Exp(12.0)
	naive, clustered := 0, 0
	for range runs {
		buckets := make([]Sketch, 32)
		var all Sketch
		for u := range units {
			own := dice.NormFloat64()
			for range each {
				v := int64(math.Exp(12 + own + 0.5*dice.NormFloat64()))
				buckets[u%32].Add(v, 1)
				all.Add(v, 1)
			}
		}
		if e := Clustered(buckets, 0.5, 0.05, 0); e.Interval[0] <= median && median <= e.Interval[1] {
			clustered++
		}
		if e := Of(all, 0.5, 0.05, 0); e.Interval[0] <= median && median <= e.Interval[1] {
			naive++
		}
	}
	t.Logf("covered: %d of %d from buckets, %d as if independent", clustered, runs, naive)
	slack := int(3 * math.Sqrt(runs*0.05*0.95))
	require.GreaterOrEqual(t, clustered, runs*95/100-slack)
	require.Less(t, naive, runs*80/100)
}

// With one event a unit both are the same but for t instead of z.
func TestClusteredOfSingleEvents(t *testing.T) {
	buckets := make([]Sketch, 32)
	var all Sketch
	dice := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		v := int64(1e6 * math.Exp(dice.NormFloat64()))
		buckets[dice.IntN(32)].Add(v, 1)
		all.Add(v, 1)
	}
	a, b := Of(all, 0.9, 0.05, 6), Clustered(buckets, 0.9, 0.05, 6)
	require.Equal(t, a.Value, b.Value)
	require.InEpsilon(t, a.SE, b.SE, 0.7, "the variance from 32 buckets is known to about a quarter")
	require.Greater(t, distribution.StudentQuantile(0.05, 31), distribution.NormalQuantile(0.05))
}
