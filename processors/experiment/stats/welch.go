package stats

import "github.com/abacus-stream/abacus/processors/experiment/stats/distribution"

// Welch compares means by Welch's t test, method "welch", alpha in (0, 1): the variances need not be equal.
// All figures, the relative interval included, use the Welch-Satterthwaite degrees of freedom.
func Welch(control, treatment Sample, alpha float64) Comparison {
	return compareStudent(MethodWelch, control.arm(), treatment.arm(), alpha)
}

// compareStudent tests Difference/SE as Student's t with the Welch-Satterthwaite degrees of freedom.
func compareStudent(method string, control, treatment arm, alpha float64) Comparison {
	c := newComparison(method)
	control.short, treatment.short = shortfall(control, treatment), shortfall(treatment, control)
	if !c.differ(control, treatment) {
		return c
	}
	if !(control.v+treatment.v > 0) {
		c.missing(ReasonNoVariance)
		return c
	}
	c.DF = satterthwaite(control, treatment)
	c.bound(control, treatment, distribution.StudentQuantile(alpha, c.DF))
	c.Statistic = c.Difference / c.SE
	c.P = distribution.StudentP(c.Statistic, c.DF)
	return c
}

// satterthwaite is the degrees of freedom of a difference with variance a.v + b.v > 0.
func satterthwaite(a, b arm) float64 {
	v := a.v + b.v
	weighted := float64(a.v*a.v)/float64(a.n-1) + float64(b.v*b.v)/float64(b.n-1)
	return float64(v*v) / weighted
}
