package stats

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
