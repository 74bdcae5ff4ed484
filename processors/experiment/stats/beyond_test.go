package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBeyondByHand(t *testing.T) {
	c := Welch(Sample{N: 100, Mean: 10, Variance: 4}, Sample{N: 50, Mean: 9, Variance: 9}, 0.05)
	estimate, se, reason := c.Beyond(0)
	require.Empty(t, reason)
	require.Equal(t, c.Difference, estimate)
	near(t, math.Sqrt(9.0/50+9.0/100), se, 1e-15, "control varies at least as treatment")

	estimate, se, reason = c.Beyond(-0.02)
	require.Empty(t, reason)
	near(t, 9-0.98*10, estimate, 1e-14, "estimate")
	near(t, math.Sqrt(9.0/50+9.0/100), se, 1e-14, "a bound below 0 makes it no smaller")

	few := Welch(Sample{N: 100, Mean: 10, Variance: 4}, Sample{N: 50, Mean: 9, Variance: 1}, 0.05)
	_, se, _ = few.Beyond(0)
	near(t, math.Sqrt(4.0/50+4.0/100), se, 1e-14, "treatment varies at least as control")

	below := Welch(Sample{N: 100, Mean: -10, Variance: 4}, Sample{N: 50, Mean: -10.5, Variance: 9}, 0.05)
	estimate, se, _ = below.Beyond(-0.02)
	near(t, -0.5+0.02*10, estimate, 1e-14, "relative to |mean of control|")
	near(t, math.Sqrt(9.0/50+1.02*1.02*9/100), se, 1e-14, "se")
	enough := Welch(Sample{N: 100, Mean: 10, Variance: 9}, Sample{N: 50, Mean: 9, Variance: 9}, 0.05)
	_, se, _ = enough.Beyond(-0.02)
	near(t, math.Sqrt(9.0/50+0.98*0.98*9/100), se, 1e-14, "arms that vary alike are as they are")
}

// mT - (1+b) mC of adjusted means: a covariate that explains y leaves only what b times the plain control mean varies.
func TestBeyondOfAdjustedMeans(t *testing.T) {
	var control, treatment Joint
	for x := range int64(60) {
		control.Include(3*x+x%2, x)
		treatment.Include(3*x+(x/2)%2, x)
	}
	c := Adjusted([]Joint{control}, []Joint{treatment}, [2]int{}, 0.05)
	_, none, reason := c.Beyond(0)
	require.Empty(t, reason)
	require.InEpsilon(t, c.SE, none, 0.1)
	_, se, _ := c.Beyond(0.5)
	_, v, _ := plainVariance(control)
	require.InEpsilon(t, 0.5*math.Sqrt(v), se, 0.05)
}

func plainVariance(j Joint) (mean, v float64, ok bool) {
	s := j.Sums(0).Sample(0)
	return s.Mean, s.Variance / float64(s.N), true
}

func TestBeyondOfStrata(t *testing.T) {
	control := []Sample{{N: 90, Mean: 1, Variance: 4}, {N: 50, Mean: 2, Variance: 1}}
	treatment := []Sample{{N: 10, Mean: 1, Variance: 1}, {N: 50, Mean: 2, Variance: 9}}
	_, se, reason := StratifiedWelch(control, treatment, 0.05).Beyond(0)
	require.Empty(t, reason)
	near(t, math.Sqrt(0.25*(4.0/10+4.0/90)+0.25*(9.0/50+9.0/50)), se, 1e-14, "se")
	require.GreaterOrEqual(t, se, StratifiedWelch(control, treatment, 0.05).SE)
}

func TestBeyondNotAvailable(t *testing.T) {
	for _, c := range []struct {
		c      Comparison
		reason string
	}{
		{Comparison{}, ReasonTooFewUnits},
		{Ratio(nil, nil, [2]int{}, 0.05), ReasonTooFewUnits},
		{Welch(Sample{N: 9, Variance: 1}, Sample{N: 9, Mean: 1, Variance: 1}, 0.05), ReasonControlMeanZero},
		{Welch(Sample{N: 9, Mean: 1}, Sample{N: 9, Mean: 1}, 0.05), ReasonNoVariance},
	} {
		estimate, se, reason := c.c.Beyond(-0.01)
		require.Equal(t, c.reason, reason)
		require.Zero(t, estimate)
		require.Zero(t, se)
	}
}
