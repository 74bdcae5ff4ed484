package stats

import "math/big"

// MethodAdjusted is the suffix of a method whose figures are adjusted by a covariate, before that of strata.
const MethodAdjusted = "_cuped"

// Adjusted compares means adjusted by a covariate known before the exposure (CUPED: Deng, Xu, Kohavi and Walker 2013, eq. 4), over
// strata as Ratio does. Totals of a unit: the metric y and the covariate x, scaled by decimals[0] and decimals[1].
// Method "welch_cuped" with Student's t, with several strata "welch_cuped_stratified" with the normal.
//
// theta = cov(y,x)/var(x) of both arms together, one for all strata; mean = my - theta (mx - mx of both arms),
// s2 = s2y - 2 theta cov(y,x) + theta^2 s2x. Relative = Difference / |my of control|, unadjusted, with
// V = s2T/(nT my^2) + [s2yC r^2 - 2 theta covC r + theta^2 s2xC]/(nC my^2), r = myT/myC.
// A constant covariate has theta 0, which leaves the plain means. Theta is in units of y per unit of x.
func Adjusted(control, treatment []Joint, decimals [2]int, alpha float64) Comparison {
	s := newLines(control, treatment, meanLine)
	theta := s.meanTheta()
	a, b := s.adjusted(theta, decimals[0])
	var c Comparison
	if len(a) == 1 {
		c = compareStudent(MethodWelch+MethodAdjusted, a[0], b[0], alpha)
	} else {
		c = s.compare(MethodWelch+MethodAdjusted, a, b, alpha)
	}
	return c.with(theta, decimals[0]-decimals[1])
}

// AdjustedRatio compares ratios adjusted by the same ratio of before, over strata as Ratio does. Totals of a unit: numerator and
// denominator after, numerator and denominator before, each pair scaled by decimals[0] and decimals[1]. Method "ratio_cuped", with
// several strata "ratio_cuped_stratified". As Adjusted on the linear forms of both ratios (delta method), with
// theta = (covC + covT)/(varC + varT), no unit, r = 1 + Relative and normal inference as Ratio.
func AdjustedRatio(control, treatment []Joint, decimals [2]int, alpha float64) Comparison {
	s := newLines(control, treatment, ratioLine)
	theta := s.ratioTheta()
	a, b := s.adjusted(theta, decimals[0]-decimals[1])
	for i := range b {
		b[i].raw = a[i].raw + b[i].mean - a[i].mean // so that r is 1 + Relative, the gradient of the ratio itself
	}
	return s.compare(MethodRatio+MethodAdjusted, a, b, alpha).with(theta, 0)
}

// with sets Theta where there is a comparison that it adjusts.
func (c Comparison) with(theta *big.Float, decimals int) Comparison {
	if c.N > 0 {
		c.Theta = unscaled(theta, decimals)
	}
	return c
}
