package stats

import "math"

// Ratio compares ratios of sums such as revenue per order, over strata as StratifiedWelch does; element i of both slices is stratum i,
// mostly an allocation epoch, and one stratum is the plain comparison. Totals of a unit: numerator m and denominator d, scaled by
// decimals[0] and decimals[1]. Method "ratio", with several strata "ratio_stratified".
//
// R = Sm/Sd, the variance of R is [s2m - 2R cov(m,d) + R^2 s2d]/(n md^2) by the delta method, md = Sd/n, and all inference is
// normal: there are no degrees of freedom. Strata where an arm has n < 2 or no denominator are left out; where none is left
// the Reason is that of the last.
func Ratio(control, treatment []Joint, decimals [2]int, alpha float64) Comparison {
	s := newLines(control, treatment, ratioLine)
	a, b := s.adjusted(blank(), decimals[0]-decimals[1])
	return s.compare(MethodRatio, a, b, alpha)
}

// Ratio is R = Sm/Sd of the first two totals, and s2_R = [s2m - 2R cov(m,d) + R^2 s2d]/md^2, the variance per unit by the delta method
// (divisor n-1): that of R is s2_R/n. decimals are those of the two totals. Where one of them is not available it is NaN and
// the reason says why: no_denominator, or of s2_R alone too_few_units; P is not looked at then.
func (j Joint) Ratio(decimals [2]int) (r, variance float64, reason string) {
	r, variance = math.NaN(), math.NaN()
	if len(j.S) < 2 || j.S[1].Sign() <= 0 {
		return r, variance, ReasonNoDenominator
	}
	scale := decimals[0] - decimals[1]
	r = unscaled(quo(exact(j.S[0].Big()), exact(j.S[1].Big())), scale)
	if j.N < 2 {
		return r, variance, ReasonTooFewUnits
	}
	l, reason := ratioLine(j.First(2))
	if reason == "" {
		variance = unscaled(l.yy, 2*scale)
	}
	return r, variance, reason
}

// compare is normal; the method tells of strata where there are several.
func (s lines) compare(method string, control, treatment []arm, alpha float64) Comparison {
	a, b, strata := stratify(control, treatment)
	if strata > 1 {
		method += MethodStratified
	}
	c := compareNormal(method, a, b, alpha)
	if strata == 0 {
		c.Reason = s.reason
	}
	return c
}
