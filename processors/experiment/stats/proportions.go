package stats

import (
	"math"

	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// Proportions compares conversion rates, method "z_pooled", alpha in (0, 1): Statistic and P are of the z test with one pooled rate;
// SE and the intervals are unpooled (Wald), with the variance m(1-m) of each arm, and may disagree with P at the edge.
func Proportions(control, treatment Count, alpha float64) Comparison {
	c := newComparison(MethodPooledZ)
	a, b := control.arm(), treatment.arm()
	a.short, b.short = shortfall(a, b), shortfall(b, a)
	if !c.differ(a, b) {
		return c
	}
	c.testPooled(control, treatment)
	c.bound(a, b, distribution.NormalQuantile(alpha))
	return c
}

// testPooled sets SEPooled, Statistic and P: under no difference both arms share one rate.
func (c *Comparison) testPooled(control, treatment Count) {
	pooled := Count{N: control.N + treatment.N, X: control.X + treatment.X}
	v := pooled.spread() * (1/float64(control.N) + 1/float64(treatment.N))
	if !(v > 0) {
		c.missing(ReasonNoVariance)
		return
	}
	c.SEPooled = math.Sqrt(v)
	c.Statistic = c.Difference / c.SEPooled
	c.P = distribution.NormalP(c.Statistic)
}
