package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

func TestProportionsByHand(t *testing.T) {
	c := Proportions(Count{N: 1000, X: 100}, Count{N: 1000, X: 150}, 0.05)
	require.Equal(t, MethodPooledZ, c.Method)
	require.Empty(t, c.Reason)
	near(t, 0.05, c.Difference, 1e-14, "difference")
	near(t, 0.5, c.Relative, 1e-14, "relative")
	near(t, math.Sqrt(0.125*0.875*2/1000), c.SEPooled, 1e-14, "se pooled")
	near(t, math.Sqrt((0.09+0.1275)/1000), c.SE, 1e-14, "se")
	near(t, c.Difference/c.SEPooled, c.Statistic, 1e-14, "z")
	near(t, math.Erfc(c.Statistic/math.Sqrt2), c.P, 1e-13, "p")
	missing(t, c.DF)
	const z = 1.9599639845400542
	nearPair(t, [2]float64{c.Difference - z*c.SE, c.Difference + z*c.SE}, c.Interval, 1e-13, "interval")
	half := z * math.Sqrt((0.1275+2.25*0.09)/1000) / 0.1
	nearPair(t, [2]float64{0.5 - half, 0.5 + half}, c.RelativeInterval, 1e-12, "relative interval")
}

func TestWelchByHand(t *testing.T) {
	c := Welch(Sample{N: 10, Mean: -2, Variance: 4}, Sample{N: 20, Mean: -1, Variance: 2}, 0.1)
	require.Equal(t, MethodWelch, c.Method)
	require.Empty(t, c.Reason)
	require.Equal(t, 1.0, c.Difference)
	require.Equal(t, 0.5, c.Relative, "relative to |mean of control|")
	near(t, math.Sqrt(0.5), c.SE, 1e-14, "se")
	near(t, math.Sqrt2, c.Statistic, 1e-14, "t")
	near(t, 0.25/(0.16/9+0.01/19), c.DF, 1e-14, "df")
	near(t, distribution.StudentP(c.Statistic, c.DF), c.P, 1e-14, "p")
	missing(t, c.SEPooled)
	q := distribution.StudentQuantile(0.1, c.DF)
	nearPair(t, [2]float64{1 - q*c.SE, 1 + q*c.SE}, c.Interval, 1e-13, "interval")
	half := q * math.Sqrt((0.1+0.25*0.4)/4)
	nearPair(t, [2]float64{0.5 - half, 0.5 + half}, c.RelativeInterval, 1e-13, "relative interval")
}

func TestCountMeanAndVariance(t *testing.T) {
	for _, c := range []struct {
		count          Count
		mean, variance float64
		hasMean, has   bool
	}{
		{Count{}, 0, 0, false, false},
		{Count{N: 1, X: 1}, 1, 0, true, false},
		{Count{N: 4, X: 1}, 0.25, 0.1875, true, true},
		{Count{N: 4, X: 4}, 1, 0, true, true},
		{Count{N: 1e15, X: 1e15 - 1}, 1 - 1e-15, 1e-15 * (1 - 1e-15), true, true},
	} {
		mean, ok := c.count.Mean()
		require.Equal(t, c.hasMean, ok)
		require.Equal(t, c.mean, mean)
		variance, ok := c.count.Variance()
		require.Equal(t, c.has, ok)
		near(t, c.variance, variance, 1e-15, "variance")
	}
}

func TestTooFewUnits(t *testing.T) {
	for _, c := range []Comparison{
		Proportions(Count{N: 1, X: 1}, Count{N: 9, X: 3}, 0.05),
		Proportions(Count{N: 9, X: 3}, Count{N: 1, X: 1}, 0.05),
		Welch(Sample{N: 1, Mean: 3}, Sample{N: 9, Mean: 2, Variance: 1}, 0.05),
		Welch(Sample{N: 9, Mean: 3, Variance: 1}, Sample{N: 1, Mean: 2}, 0.05),
	} {
		require.Equal(t, ReasonTooFewUnits, c.Reason)
		require.False(t, math.IsNaN(c.Difference), "both means are known")
		missing(t, c.Relative, c.SE, c.SEPooled, c.Statistic, c.DF, c.P)
		missing(t, append(c.Interval[:], c.RelativeInterval[:]...)...)
	}
	for _, c := range []Comparison{
		Proportions(Count{}, Count{N: 9, X: 3}, 0.05),
		Proportions(Count{N: 9, X: 3}, Count{}, 0.05),
		Welch(Sample{}, Sample{N: 9, Mean: 2, Variance: 1}, 0.05),
		Welch(Sample{N: -1}, Sample{N: -1}, 0.05),
	} {
		require.Equal(t, ReasonTooFewUnits, c.Reason)
		missing(t, c.Difference, c.P, c.Interval[0])
	}
}

func TestNoVariance(t *testing.T) {
	for _, c := range []Comparison{
		Proportions(Count{N: 50}, Count{N: 60}, 0.05),
		Proportions(Count{N: 50, X: 50}, Count{N: 60, X: 60}, 0.05),
		Welch(Sample{N: 50, Mean: 1}, Sample{N: 60, Mean: 3}, 0.05),
		Welch(Sample{N: 50, Mean: 1, Variance: math.NaN()}, Sample{N: 60, Mean: 3}, 0.05),
	} {
		require.Equal(t, ReasonNoVariance, c.Reason)
		require.False(t, math.IsNaN(c.Difference))
		missing(t, c.Relative, c.SE, c.SEPooled, c.Statistic, c.DF, c.P)
		missing(t, append(c.Interval[:], c.RelativeInterval[:]...)...)
	}
}

// All or nothing: each rate is certain, their common rate is not, so the pooled test stands and the Wald interval does not.
func TestPooledVarianceAlone(t *testing.T) {
	c := Proportions(Count{N: 100, X: 100}, Count{N: 100}, 0.05)
	require.Equal(t, ReasonNoVariance, c.Reason)
	near(t, -math.Sqrt(200), c.Statistic, 1e-14, "z")
	near(t, distribution.NormalP(math.Sqrt(200)), c.P, 1e-12, "p")
	missing(t, c.SE, c.Relative, c.Interval[0], c.RelativeInterval[0])
}

func TestControlMeanZero(t *testing.T) {
	for _, c := range []Comparison{
		Proportions(Count{N: 1000}, Count{N: 1000, X: 12}, 0.05),
		Welch(Sample{N: 10, Variance: 1}, Sample{N: 10, Mean: 2, Variance: 1}, 0.05),
	} {
		require.Equal(t, ReasonControlMeanZero, c.Reason)
		missing(t, c.Relative, c.RelativeInterval[0], c.RelativeInterval[1])
		for _, f := range []float64{c.Difference, c.SE, c.Statistic, c.P, c.Interval[0], c.Interval[1]} {
			require.False(t, math.IsNaN(f))
		}
	}
}

// No conversion in treatment: the delta method knows no spread of a ratio of zero.
func TestTreatmentMeanZero(t *testing.T) {
	c := Proportions(Count{N: 1000, X: 12}, Count{N: 1000}, 0.05)
	require.Equal(t, -1.0, c.Relative)
	require.Equal(t, ReasonNoVariance, c.Reason)
	missing(t, c.RelativeInterval[0], c.RelativeInterval[1])
	require.False(t, math.IsNaN(c.P))
}

func TestSwappingTheArmsMirrors(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a, b := drawSample(r, "a"), drawSample(r, "b")
		x, y := Welch(a, b, 0.05), Welch(b, a, 0.05)
		require.Equal(t, -x.Difference, y.Difference)
		require.Equal(t, -x.Statistic, y.Statistic)
		near(t, x.P, y.P, 1e-13, "p")
		nearPair(t, [2]float64{-x.Interval[1], -x.Interval[0]}, y.Interval, 1e-12, "interval")
	})
}

// P is below alpha exactly when the interval of the same test leaves 0 out.
func TestWelchIntervalAgreesWithP(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		alpha := rapid.Float64Range(0.001, 0.3).Draw(r, "alpha")
		c := Welch(drawSample(r, "control"), drawSample(r, "treatment"), alpha)
		if math.Abs(c.P-alpha) > 1e-9 {
			require.Equal(t, c.P < alpha, c.Interval[0] > 0 || c.Interval[1] < 0)
		}
	})
}

func drawSample(r *rapid.T, label string) Sample {
	return Sample{
		N:        rapid.Int64Range(2, 1e9).Draw(r, label+" n"),
		Mean:     rapid.Float64Range(-1e6, 1e6).Draw(r, label+" mean"),
		Variance: rapid.Float64Range(1e-6, 1e12).Draw(r, label+" variance"),
	}
}

func BenchmarkWelch(b *testing.B) {
	c, t := Sample{N: 10021, Mean: 5.22, Variance: 31.9}, Sample{N: 9987, Mean: 5.41, Variance: 33}
	b.ReportAllocs()
	for b.Loop() {
		Welch(c, t, 0.05)
	}
}
