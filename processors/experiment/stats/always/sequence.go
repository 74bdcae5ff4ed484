package always

import (
	"math"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

const (
	defaultPlanned = 10_000
	plannedAlpha   = 0.05
	studentBelow   = 1000 // units; from here on the estimate of the variance is no longer the difference
)

// Sequence is the asymptotic confidence sequence of a comparison. It is fixed when an experiment starts: changing it on the way, or
// deriving it from an adjusted alpha, voids the guarantee. The zero value plans 10,000 units.
type Sequence struct {
	PlannedUnits int64 // of both arms, where the interval is about tightest; at most 0: 10,000
}

// effect is an estimate with its standard error over n units, 0 < se < infinity.
type effect struct {
	estimate, se float64
	n            int64
}

// LogE is the log e-value of "no difference" in c, two-sided. The reason is that of c where it has no standard error.
func (s Sequence) LogE(c stats.Comparison) (logE float64, reason string) {
	e, reason := difference(c)
	if reason != "" {
		return 0, reason
	}
	z := e.estimate / e.se
	return logE2(float64(z*z), e.n, s.r(e.n)), ""
}

// Interval is that of c.Difference at level 1-alpha, valid at all times together; alpha in (0, 1) may be an adjusted one.
// The reason is that of c, or unbounded where the units are too few for an end.
func (s Sequence) Interval(c stats.Comparison, alpha float64) (interval [2]float64, reason string) {
	e, reason := difference(c)
	if reason != "" {
		return interval, reason
	}
	return s.around(e, alpha)
}

// RelativeInterval is that of c.Relative at level 1-alpha, as Interval. Of conversions LiftInterval is the exact one.
func (s Sequence) RelativeInterval(c stats.Comparison, alpha float64) (interval [2]float64, reason string) {
	e, reason := relative(c)
	if reason != "" {
		return interval, reason
	}
	return s.around(e, alpha)
}

// LogEBelow is the log e-value of "the relative effect is at least bound", one-sided: large where it is below, such as by a harm beyond
// a margin. It rests on c.Beyond, since c.RelativeSE is not good enough for the small levels of guardrails: measured on skewed money
// with a share of 10 %, 5 % of runs cross 1/0.01 by the delta method, none by this.
func (s Sequence) LogEBelow(c stats.Comparison, bound float64) (logE float64, reason string) {
	return s.beyond(c, bound, -1)
}

// LogEAbove is the log e-value of "the relative effect is at most bound", one-sided: large where it is above.
func (s Sequence) LogEAbove(c stats.Comparison, bound float64) (logE float64, reason string) {
	return s.beyond(c, bound, 1)
}

func (s Sequence) beyond(c stats.Comparison, bound, side float64) (logE float64, reason string) {
	estimate, se, reason := c.Beyond(bound)
	if reason != "" {
		return 0, reason
	}
	return oneSidedLogE(side*estimate/se, s.r(c.N)), ""
}

// Bounds are a lower and an upper bound of c.Difference, each one-sided at level 1-alpha: at all times together at most a share alpha of
// runs has it below the first, and as many above the second.
func (s Sequence) Bounds(c stats.Comparison, alpha float64) (bounds [2]float64, reason string) {
	e, reason := difference(c)
	if reason != "" {
		return bounds, reason
	}
	half := float64(e.se * oneSidedZ(s.r(e.n), alpha))
	return [2]float64{e.estimate - half, e.estimate + half}, ""
}

// around is the two-sided interval.
func (s Sequence) around(e effect, alpha float64) (interval [2]float64, reason string) {
	z, ok := twoSidedZ(e.n, s.r(e.n), alpha)
	if !ok {
		return interval, stats.ReasonUnbounded
	}
	half := float64(e.se * z)
	return [2]float64{e.estimate - half, e.estimate + half}, ""
}

// r is n rho^2: how far n units are beyond what the sequence is tuned for.
func (s Sequence) r(n int64) float64 {
	planned := s.PlannedUnits
	if planned <= 0 {
		planned = defaultPlanned
	}
	return float64(n) * rhoSquared(planned, plannedAlpha)
}

// rhoSquared makes the interval at level 1-alpha tightest at so many units (Waudby-Smith et al., eq. 155).
func rhoSquared(planned int64, alpha float64) float64 {
	log := -2 * math.Log(alpha)
	return (log + math.Log1p(log)) / float64(planned)
}

// logE2 is the two-sided log e-value of z^2.
func logE2(square float64, n int64, r float64) float64 {
	if n < studentBelow && n > 2 {
		return studentLogE(square, float64(n-2), r)
	}
	return float64(square*(r/(2*(1+r)))) - float64(math.Log1p(r)/2)
}

// studentLogE is exact for normal totals of one variance that is estimated with df degrees of freedom:
// (df+1)/2 [ln(1 + t^2/df) - ln(1 + t^2/(df(1+r)))] - ln(1+r)/2. (Lindon, Ham, Tingley and Bojinov, arXiv 2210.08589.)
func studentLogE(square, df, r float64) float64 {
	u := square / df
	return float64((df+1)/2*(math.Log1p(u)-math.Log1p(u/(1+r)))) - float64(math.Log1p(r)/2)
}

// twoSidedZ is the z at which logE2 is ln(1/alpha); false where none is.
func twoSidedZ(n int64, r, alpha float64) (float64, bool) {
	target := math.Log1p(r) - 2*math.Log(alpha)
	if n < studentBelow && n > 2 {
		df := float64(n - 2)
		growth := math.Expm1(target / (df + 1))
		room := 1 - (1+growth)/(1+r)
		return math.Sqrt(df * growth / room), room > 0
	}
	return math.Sqrt((1 + 1/r) * target), true
}

// oneSidedLogE mixes over effects of one sign alone.
func oneSidedLogE(z, r float64) float64 {
	return math.Ln2 + logMills(z*math.Sqrt(r/(1+r))) - float64(math.Log1p(r)/2)
}

// Below this the normal tail nears underflow, and logMills is a series.
const millsFrom = -30

// logMills is x^2/2 + ln Phi(x), which is small where both are large and of opposite sign.
func logMills(x float64) float64 {
	if x > millsFrom {
		return float64(x*x/2) + math.Log(distribution.NormalUpper(-x))
	}
	square := 1 / float64(x*x)
	sum, term := 1.0, 1.0
	for k := 1.0; k < 8; k++ {
		term *= -(2*k - 1) * square
		sum += float64(term)
	}
	return math.Log(sum) - math.Log(-x) - math.Log(2*math.Pi)/2
}

// oneSidedZ is at most a hair beyond the z at which oneSidedLogE is ln(1/alpha).
func oneSidedZ(r, alpha float64) float64 {
	return math.Sqrt(2 * (1 + 1/r) * math.Log1p(math.Sqrt(1+r)/(2*alpha)))
}

// difference is the absolute effect of c.
func difference(c stats.Comparison) (effect, string) {
	return newEffect(c, c.Difference, c.SE)
}

// relative is the relative effect of c.
func relative(c stats.Comparison) (effect, string) {
	return newEffect(c, c.Relative, c.RelativeSE)
}

func newEffect(c stats.Comparison, estimate, se float64) (effect, string) {
	if se > 0 && !math.IsInf(se, 0) && !math.IsNaN(estimate) {
		return effect{estimate, se, c.N}, ""
	}
	if c.Reason != "" {
		return effect{}, c.Reason
	}
	return effect{}, stats.ReasonNoVariance
}
