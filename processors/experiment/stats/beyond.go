package stats

import "math"

// Beyond is how far treatment is above control and a relative bound, mT - mC - bound |mC| in the metric's unit, with its standard error
// se: for one-sided tests of a harm beyond a margin. It is linear in the means, so that the skewness which the delta method adds
// where small levels look cannot pass for evidence; and units of either arm that vary less than those of the other are taken to vary
// as those, stratum by stratum, since the mean and the variance of a few skewed units are low together:
//
//	V = max(V_T, V_C nC/nT) + (1+b)^2 max(V_C, V_T nT/nC), b with the sign of mC, V those of the arms' means
//
// with the covariance of an adjusted control taken into its term; a b below 0 makes a control that is raised no smaller.
// The reason is empty, or that of the comparison, control_mean_zero or no_variance; both figures are 0 then.
func (c Comparison) Beyond(bound float64) (estimate, se float64, reason string) {
	control, treatment := c.control, c.treatment
	switch {
	case control.n < 2 || treatment.n < 2:
		if c.Reason != "" {
			return 0, 0, c.Reason
		}
		return 0, 0, ReasonTooFewUnits
	case control.raw == 0:
		return 0, 0, ReasonControlMeanZero
	}
	signed := math.Copysign(bound, control.raw*bound) // bound |mC| = signed mC
	scale := float64((1 + signed) * (1 + signed))
	own := control.v + float64(2*signed*(control.y-control.yx)) + float64(float64(signed*signed)*control.y)
	if control.short > 0 {
		own = max(own, control.v) + float64(max(scale, 1)*control.short)
	}
	v := treatment.v + float64(max(scale, 1)*treatment.short) + own
	if !(v > 0) {
		return 0, 0, ReasonNoVariance
	}
	return c.Difference - float64(bound*math.Abs(control.raw)), math.Sqrt(v), ""
}
