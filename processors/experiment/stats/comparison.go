package stats

import "math"

// Methods of a fixed-horizon comparison.
const (
	MethodPooledZ = "z_pooled"
	MethodWelch   = "welch"
	MethodRatio   = "ratio"
)

// Reasons why figures of a comparison are not available.
const (
	ReasonTooFewUnits     = "too_few_units"     // an arm has fewer than two units
	ReasonNoVariance      = "no_variance"       // the variance a figure rests on is zero
	ReasonControlMeanZero = "control_mean_zero" // nothing to be relative to
	ReasonNoDenominator   = "no_denominator"    // the sum of a ratio's denominators is not above zero
	ReasonUnbounded       = "unbounded"         // the control mean is too uncertain for an interval that ends
	ReasonNotPositive     = "not_positive"      // a mean is not above zero and has no logarithm
)

// Comparison is treatment against control at a fixed horizon. A figure that is not available is NaN;
// Reason then says why, the gravest cause first, and is empty where nothing is missing that the method gives.
type Comparison struct {
	Method           string
	N                int64      // units of both arms that the figures rest on
	Difference       float64    // mean of treatment - mean of control, in the metric's unit
	Relative         float64    // Difference / |mean of control|
	SE               float64    // standard error of Difference, unpooled
	RelativeSE       float64    // standard error of Relative (delta method)
	SEPooled         float64    // of Difference with one pooled rate; conversions only
	Statistic        float64    // z (from SEPooled) or t (from SE)
	DF               float64    // Welch-Satterthwaite degrees of freedom; means only
	P                float64    // two-sided, of Statistic
	Interval         [2]float64 // of Difference, at level 1-alpha
	RelativeInterval [2]float64 // of Relative, at level 1-alpha, symmetric (delta method)
	Theta            float64    // weight of the covariate, in units of the metric per unit of it; adjusted comparisons only
	Reason           string

	control, treatment arm // for Beyond
}

// newComparison has no figure yet.
func newComparison(method string) Comparison {
	nan := math.NaN()
	return Comparison{
		Method: method, Difference: nan, Relative: nan, SE: nan, RelativeSE: nan, SEPooled: nan,
		Statistic: nan, DF: nan, P: nan, Theta: nan, Interval: [2]float64{nan, nan}, RelativeInterval: [2]float64{nan, nan},
	}
}

// differ sets Difference, and reports whether the arms have the units for more.
func (c *Comparison) differ(control, treatment arm) bool {
	if control.n >= 1 && treatment.n >= 1 {
		c.N = control.n + treatment.n
		c.Difference = treatment.mean - control.mean
	}
	if control.n < 2 || treatment.n < 2 {
		c.missing(ReasonTooFewUnits)
		return false
	}
	c.control, c.treatment = control, treatment
	return true
}

// bound sets SE, Relative and both intervals; quantile is that of |Statistic| at level alpha.
func (c *Comparison) bound(control, treatment arm, quantile float64) {
	v := control.v + treatment.v
	if !(v > 0) {
		c.missing(ReasonNoVariance)
		return
	}
	c.SE = math.Sqrt(v)
	c.Interval = around(c.Difference, quantile*c.SE)
	if control.raw == 0 {
		c.missing(ReasonControlMeanZero)
		return
	}
	c.Relative = c.Difference / math.Abs(control.raw)
	relative := relativeVariance(control, treatment)
	if !(relative > 0) {
		c.missing(ReasonNoVariance)
		return
	}
	c.RelativeSE = math.Sqrt(relative)
	c.RelativeInterval = around(c.Relative, quantile*c.RelativeSE)
}

// missing keeps the first reason given.
func (c *Comparison) missing(reason string) {
	if c.Reason == "" {
		c.Reason = reason
	}
}

// around is the symmetric interval estimate -+ half.
func around(estimate, half float64) [2]float64 {
	half = float64(half) // rounded before the sums, never fused into them
	return [2]float64{estimate - half, estimate + half}
}
