package stats

import (
	"math"

	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// Fieller is the interval of (mT-mC)/|mC| at level 1-alpha by Fieller's theorem (1954), which takes the control mean as the estimate
// it is and needs no linearisation: with g = z^2 VC/mC^2, R = mT/mC, V the variance of a mean,
// {R -+ (z/|mC|) sqrt[R^2 VC + (1-g) VT]}/(1-g) - 1. Strata are combined as by StratifiedWelch; one is the plain interval.
// The reason is empty, or too_few_units, control_mean_zero, no_variance, or unbounded where g >= 1: the control mean may be zero.
func Fieller(control, treatment []Sample, alpha float64) (interval [2]float64, reason string) {
	a, b, reason := relativeArms(control, treatment)
	if reason != "" {
		return interval, reason
	}
	z := distribution.NormalQuantile(alpha)
	square := float64(a.mean * a.mean)
	g := float64(z*z) * a.v / square
	if g >= 1 {
		return interval, ReasonUnbounded
	}
	ratio := b.mean / a.mean
	v := float64(float64(ratio*ratio)*a.v) + float64((1-g)*b.v)
	half := z * math.Sqrt(v/square) / (1 - g)
	lift := (ratio - 1 + g) / (1 - g) // ratio/(1-g) - 1
	if a.mean < 0 {
		lift = -lift
	}
	return around(lift, half), ""
}

// LogRatio is the interval of mT/mC - 1 at level 1-alpha from that of the logarithm, exp[ln(mT/mC) -+ z sqrt(VT/mT^2 + VC/mC^2)] - 1:
// never below -1, and better than the symmetric one where means are skewed. Strata are combined as by StratifiedWelch.
// The reason is empty, or too_few_units, control_mean_zero, no_variance, not_positive where a mean has no logarithm, or unbounded
// where the upper end is beyond all numbers.
func LogRatio(control, treatment []Sample, alpha float64) (interval [2]float64, reason string) {
	a, b, reason := relativeArms(control, treatment)
	switch {
	case reason != "":
		return interval, reason
	case a.mean < 0 || b.mean <= 0:
		return interval, ReasonNotPositive
	}
	v := b.v/float64(b.mean*b.mean) + a.v/float64(a.mean*a.mean)
	interval = around(math.Log(b.mean/a.mean), distribution.NormalQuantile(alpha)*math.Sqrt(v))
	upper := math.Expm1(interval[1])
	if math.IsInf(upper, 1) {
		return [2]float64{}, ReasonUnbounded
	}
	return [2]float64{math.Expm1(interval[0]), upper}, ""
}

// relativeArms combines strata and says why there is nothing to be relative to.
func relativeArms(control, treatment []Sample) (a, b arm, reason string) {
	a, b, strata := stratify(arms(control), arms(treatment))
	switch {
	case strata == 0:
		return a, b, ReasonTooFewUnits
	case a.mean == 0:
		return a, b, ReasonControlMeanZero
	case !(a.v+b.v > 0):
		return a, b, ReasonNoVariance
	}
	return a, b, ""
}
