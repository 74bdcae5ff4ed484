package always

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mathext"

	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// boundaryArgs are the arguments of a published boundary of a process s with variance v; a case has those of its function.
type boundaryArgs struct {
	V, Alpha, C, G, H, P, T, Quantile float64
	VOpt                              float64 `json:"v_opt"` // where the boundary is tightest
	VMin                              float64 `json:"v_min"`
	TOpt                              float64 `json:"t_opt"`
	AlphaOpt                          float64 `json:"alpha_opt"`
	OneSided                          bool    `json:"one_sided"`
	Successes, Trials                 int64
	A, B                              string // first..last
}

// The boundaries of another library. Normal and Bernoulli ones are this package's, the rest are written here over its tuning, root
// finding and tails: with v = n s2 its rho is v/(n rho^2).
var publishedBoundaries = map[string]func(a boundaryArgs) []float64{
	"two_sided_normal_mixture.best_rho": func(a boundaryArgs) []float64 { return []float64{a.V / rhoSquared(1, a.Alpha)} },
	"normal_mixture_bound":              func(a boundaryArgs) []float64 { return []float64{normalBoundary(a)} },
	"gamma_exponential_mixture_bound": func(a boundaryArgs) []float64 {
		return []float64{boundary(a.Alpha, 10*a.V, func(s float64) float64 { return gammaExponential(s, a.V, a.oneSidedRho(), a.C) })}
	},
	"gamma_poisson_mixture_bound": func(a boundaryArgs) []float64 {
		return []float64{boundary(a.Alpha, 10*a.V, func(s float64) float64 { return gammaPoisson(s, a.V, a.oneSidedRho(), a.C) })}
	},
	"beta_binomial_mixture_bound": func(a boundaryArgs) []float64 {
		m := newBetaBinomial(a)
		return []float64{boundary(a.Alpha, a.V/a.G, func(s float64) float64 { return m.logE(s, a.V) })}
	},
	"poly_stitching_bound":          func(a boundaryArgs) []float64 { return []float64{stitched(a.V, a.Alpha, a.VMin, a.C)} },
	"double_stitching_bound":        func(a boundaryArgs) []float64 { return []float64{stitchedQuantiles(a.P, a.T, a.Alpha, a.TOpt)} },
	"quantile_ab_p_value":           func(a boundaryArgs) []float64 { return []float64{quantileP(a)} },
	"bernoulli_confidence_interval": func(a boundaryArgs) []float64 { return bernoulliInterval(a) },
}

func TestPublishedBoundaries(t *testing.T) {
	var file struct {
		Tolerance float64
		Cases     []struct {
			Fn       string
			Args     boundaryArgs
			Expected json.RawMessage
		}
	}
	vectors(t, "confseq_boundaries.json", &file)
	seen := map[string]bool{}
	for _, c := range file.Cases {
		figures := publishedBoundaries[c.Fn]
		require.NotNil(t, figures, "no boundary %q", c.Fn)
		if c.Args.AlphaOpt == 0 {
			c.Args.AlphaOpt = 0.05
		}
		want, got := strings.Split(strings.Trim(string(c.Expected), "[] \n"), ","), figures(c.Args)
		require.Len(t, got, len(want), c.Fn)
		for i, text := range want {
			requirePrinted(t, strings.TrimSpace(text), got[i], file.Tolerance, c.Fn)
		}
		seen[c.Fn] = true
	}
	require.Len(t, seen, len(publishedBoundaries))
}

// requirePrinted requires agreement to a unit of the last printed digit (the source cuts some off), and to the tolerance.
func requirePrinted(t *testing.T, text string, got, tolerance float64, what string) {
	t.Helper()
	want, err := json.Number(text).Float64()
	require.NoError(t, err)
	_, decimals, _ := strings.Cut(text, ".")
	require.InDelta(t, want, got, min(tolerance, math.Pow10(-len(decimals))), what)
}

// oneSidedRho is the tuning of a one-sided boundary: at twice alpha, as only one side can cross.
func (a boundaryArgs) oneSidedRho() float64 { return a.VOpt / rhoSquared(1, 2*a.AlphaOpt) }

// boundary is the s in [0, most] from which on the log e-value is at least ln(1/alpha).
func boundary(alpha, most float64, logE func(s float64) float64) float64 {
	return bisect(0, most, func(s float64) bool { return logE(s) >= -math.Log(alpha) })
}

func normalBoundary(a boundaryArgs) float64 {
	if a.OneSided {
		r := a.V / a.oneSidedRho()
		return boundary(a.Alpha, 10*a.V, func(s float64) float64 { return oneSidedLogE(s/math.Sqrt(a.V), r) })
	}
	z, _ := twoSidedZ(studentBelow, a.V*rhoSquared(1, a.AlphaOpt)/a.VOpt, a.Alpha)
	return z * math.Sqrt(a.V)
}

// gammaExponential mixes exp(l s - v psi(l)), psi(l) = [-ln(1-cl) - cl]/c^2, over l in (0, 1/c): x = 1-cl has the density of a gamma
// variable of shape and rate rho/c^2, below 1. (Howard, Ramdas, McAuliffe and Sekhon, arXiv 1810.08240, proposition 9.)
func gammaExponential(s, v, rho, c float64) float64 {
	square, below := c*c, func(p float64) float64 { return 1 - p }
	prior := gammaMass(rho/square, rho/square, below)
	return gammaMass((v+rho)/square, (c*s+v+rho)/square, below) - prior + (c*s+v)/square
}

// gammaPoisson is the same of psi(l) = (exp(cl) - cl - 1)/c^2 over l > 0, where x = exp(cl) is above 1. (Proposition 10.)
func gammaPoisson(s, v, rho, c float64) float64 {
	square, above := c*c, func(p float64) float64 { return p }
	prior := gammaMass(rho/square, rho/square, above)
	return gammaMass(s/c+(v+rho)/square, (v+rho)/square, above) - prior + v/square
}

// gammaMass is the log of the integral of x^(shape-1) exp(-rate x) on one side of 1; side takes the share above it.
func gammaMass(shape, rate float64, side func(above float64) float64) float64 {
	log, _ := math.Lgamma(shape)
	return log - shape*math.Log(rate) + math.Log(side(distribution.ChiSquareP(2*rate, 2*shape)))
}

// bernoulliInterval is all rates whose e-value of the counts is below 1/alpha, each with its own prior centred on it.
func bernoulliInterval(a boundaryArgs) []float64 {
	concentration := max(a.TOpt/rhoSquared(1, a.AlphaOpt)-1, 1e-3)
	beyond := func(rate float64) bool {
		weights := []float64{rate, 1 - rate}
		counts := []int64{a.Successes, a.Trials - a.Successes}
		return distribution.DirichletMultinomial(counts, weights, distribution.Centred(weights, concentration)) >= -math.Log(a.Alpha)
	}
	const edge = 1e-9
	seen, interval := float64(a.Successes)/float64(a.Trials), []float64{0, 1}
	if seen > 0 {
		interval[0] = bisect(edge, seen, func(rate float64) bool { return !beyond(rate) })
	}
	if seen < 1 {
		interval[1] = bisect(seen, 1-edge, beyond)
	}
	return interval
}

// stitched joins a boundary for each doubling of v, at levels that shrink as k^-1.4 (the same, theorem 1 with eta 2 and s 1.4).
func stitched(v, alpha, vMin, c float64) float64 {
	const s, eta = 1.4, 2.0
	v = max(v, vMin)
	level := s*math.Log(math.Log(eta*v/vMin)) + math.Log(mathext.Zeta(s, 1)/math.Pow(math.Log(eta), s)) - math.Log(alpha)
	return stitchedAt(level, v, c)
}

// stitchedAt is the boundary at log(1/level) of a process with scale c.
func stitchedAt(level, v, c float64) float64 {
	const eta = 2.0
	k1 := (math.Pow(eta, 0.25) + math.Pow(eta, -0.25)) / math.Sqrt2
	shift := (math.Sqrt(eta) + 1) / 2 * c * level
	return math.Sqrt(k1*k1*v*level+shift*shift) + shift
}

// No boundary beats another everywhere: the normal mixture is below the stitched one where it is tuned, and above it in the end.
func TestSequenceIsTightestWhereItIsTuned(t *testing.T) {
	const tuned, alpha = 100, 0.05
	at := func(v float64) float64 { return math.Sqrt(v) * oneSidedZ(v*rhoSquared(tuned, 2*alpha), alpha) }
	for _, v := range []float64{tuned / 2, tuned, 3 * tuned} {
		require.Less(t, at(v), stitched(v, alpha, tuned/10, 0))
	}
	require.Greater(t, at(1e14), stitched(1e14, alpha, tuned/10, 0))
}
