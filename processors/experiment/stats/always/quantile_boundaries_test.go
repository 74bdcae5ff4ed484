package always

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mathext"

	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// betaBinomial mixes over the rates of a process that steps up by h at rate g/(g+h) and else down by g, with a Beta prior of
// parameters up and down about that rate, above it alone where one-sided. (Howard et al., propositions 7 and 8.)
type betaBinomial struct {
	g, h     float64
	up, down float64
	oneSided bool
}

func newBetaBinomial(a boundaryArgs) betaBinomial {
	rho := a.VOpt / rhoSquared(1, a.AlphaOpt)
	if a.OneSided {
		rho = a.oneSidedRho()
	}
	r := max(rho-a.G*a.H, 1e-3*a.G*a.H)
	return betaBinomial{g: a.G, h: a.H, up: r / (a.H * (a.G + a.H)), down: r / (a.G * (a.G + a.H)), oneSided: a.OneSided}
}

// logE is the log e-value at s with variance v: s = h up - g down, v = g h (up + down) of the steps.
func (m betaBinomial) logE(s, v float64) float64 {
	whole := m.g + m.h
	return m.steps((v+m.h*s)/(m.h*whole), (v-m.g*s)/(m.g*whole))
}

// steps is the log e-value of so many steps up and down, of which there may be fractions.
func (m betaBinomial) steps(up, down float64) float64 {
	whole := m.g + m.h
	return m.mass(m.up+up, m.down+down) - m.mass(m.up, m.down) - up*math.Log(m.g/whole) - down*math.Log(m.h/whole)
}

func (m betaBinomial) mass(up, down float64) float64 {
	log := mathext.Lbeta(up, down)
	if m.oneSided {
		log += math.Log(mathext.RegIncBeta(down, up, m.h/(m.g+m.h)))
	}
	return log
}

// least is the number of steps up, of n, with the least e-value.
func (m betaBinomial) least(n float64) float64 {
	odds := math.Log(m.g / m.h)
	return bisect(0, n, func(up float64) bool {
		return mathext.Digamma(m.up+up)-mathext.Digamma(m.down+n-up) >= odds
	})
}

// Of whole steps this is the e-value of counts that conversions and splits rest on.
func TestBetaBinomialIsTheDirichletMultinomial(t *testing.T) {
	m := newBetaBinomial(boundaryArgs{VOpt: 100, AlphaOpt: 0.05, G: 0.2, H: 0.8})
	weights, prior := []float64{m.g, m.h}, []float64{m.up, m.down}
	for _, c := range [][2]int64{{0, 0}, {1, 0}, {0, 1}, {125, 500}, {160, 500}, {20_000, 80_900}} {
		got := distribution.DirichletMultinomial(c[:], weights, prior)
		require.InDelta(t, m.steps(float64(c[0]), float64(c[1])), got, 1e-9, c)
	}
}

// quantileP is the always-valid p of "both arms have one value at this quantile": the least e-value that a common value may have is
// the evidence. An arm whose values jump over the quantile at x may have any share of units below it. (Howard and Ramdas, arXiv 1906.09712.)
func quantileP(a boundaryArgs) float64 {
	v := a.TOpt * a.Quantile * (1 - a.Quantile)
	m := newBetaBinomial(boundaryArgs{VOpt: v, AlphaOpt: a.AlphaOpt, G: a.Quantile, H: 1 - a.Quantile})
	arms, least := []run{newRun(a.A), newRun(a.B)}, math.Inf(1)
	for x := min(arms[0].first, arms[1].first); x <= max(arms[0].last, arms[1].last); x++ {
		logE := 0.0
		for _, arm := range arms {
			n := arm.below(arm.last + 1)
			up := min(max(m.least(n), arm.below(x)), arm.below(x+1))
			logE += m.steps(up, n-up)
		}
		least = min(least, logE)
	}
	return min(1, math.Exp(-least))
}

// run is an arm with each whole number from first to last once.
type run struct{ first, last int }

func newRun(text string) (r run) {
	if _, err := fmt.Sscanf(text, "%d..%d", &r.first, &r.last); err != nil {
		panic(fmt.Sprintf("values %q, want first..last: %v", text, err))
	}
	return r
}

// below is how many values are less than x.
func (r run) below(x int) float64 { return float64(min(max(x-r.first, 0), r.last-r.first+1)) }

// stitchedQuantiles is how far the count of values below a quantile p strays from t p, for all p and all t together: stitched over both.
// (The same, with delta 1/2, eta 2 and s 1.4.)
func stitchedQuantiles(p, t, alpha, tMin float64) float64 {
	const delta, s, eta = 0.5, 1.4, 2.0
	t = max(t, tMin)
	logit := math.Log(p / (1 - p))
	nearest := p
	if p < 0.5 {
		nearest = min(0.5, 1/(1+math.Exp(-logit-2*delta*math.Sqrt(tMin*eta/t))))
	}
	variance := nearest * (1 - nearest)
	steps, zeta := math.Sqrt(t/tMin)*math.Abs(logit)/(2*delta)+1, mathext.Zeta(s, 1)
	level := s*math.Log(math.Log(eta*t/tMin)) + s*math.Log(steps) + math.Log(2*zeta*(2*zeta+1)/(alpha*math.Pow(math.Log(eta), s)))
	return delta*math.Sqrt(eta*t*variance/tMin) + stitchedAt(level, variance*t, (1-2*p)/3)
}

// A boundary for all quantiles together lies beyond that of one: the e-value of its counts is past 1/alpha.
func TestAllQuantilesAreBeyondOne(t *testing.T) {
	const alpha, tMin = 0.05, 100
	for _, p := range []float64{0.1, 0.5, 0.9} {
		for _, n := range []float64{tMin, 1000, 100_000} {
			up := int64(math.Ceil(n*p + stitchedQuantiles(p, n, alpha, tMin)))
			if up > int64(n) {
				continue // no count strays as far
			}
			weights := []float64{p, 1 - p}
			prior := distribution.Centred(weights, tMin/rhoSquared(1, alpha)-1)
			require.Greater(t, distribution.DirichletMultinomial([]int64{up, int64(n) - up}, weights, prior), -math.Log(alpha), "%v of %v", p, n)
		}
	}
}
