package stats

import (
	"math"

	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// MethodStratified is the suffix of a method whose figures are combined over strata.
const MethodStratified = "_stratified"

// StratifiedProportions compares conversion rates over strata, such as allocation epochs: element i of both slices is stratum i.
// Method "z_pooled_stratified". With w = N_e/N, N_e the units of both arms in a stratum: Difference = sum w D_e, SE^2 = sum w^2 V_e;
// Statistic and P are of sum w D_e with one pooled rate in each stratum. Strata where an arm has n < 2 are left out, of N too.
func StratifiedProportions(control, treatment []Count, alpha float64) Comparison {
	c := newComparison(MethodPooledZ + MethodStratified)
	total := strataUnits(len(control), func(i int) (int64, int64) { return control[i].N, treatment[i].N })
	a, b, _ := stratify(arms(control), arms(treatment))
	pooled := 0.0
	for i := range control {
		w := strataWeight(control[i].N, treatment[i].N, total)
		if w == 0 {
			continue
		}
		both := Count{N: control[i].N + treatment[i].N, X: control[i].X + treatment[i].X}
		v := both.spread() * (1/float64(control[i].N) + 1/float64(treatment[i].N))
		pooled += float64(float64(w*w) * v)
	}
	if !c.differ(a, b) {
		return c
	}
	if pooled > 0 {
		c.SEPooled = math.Sqrt(pooled)
		c.Statistic = c.Difference / c.SEPooled
		c.P = distribution.NormalP(c.Statistic)
	} else {
		c.missing(ReasonNoVariance)
	}
	c.bound(a, b, distribution.NormalQuantile(alpha))
	return c
}

// StratifiedWelch compares means over strata as StratifiedProportions does rates. Method "welch_stratified": Statistic is
// Difference/SE and, like the intervals, read as a standard normal; there are no degrees of freedom.
func StratifiedWelch(control, treatment []Sample, alpha float64) Comparison {
	a, b, _ := stratify(arms(control), arms(treatment))
	return compareNormal(MethodWelch+MethodStratified, a, b, alpha)
}

// compareNormal tests Difference/SE as a standard normal.
func compareNormal(method string, control, treatment arm, alpha float64) Comparison {
	c := newComparison(method)
	if !c.differ(control, treatment) {
		return c
	}
	if !(control.v+treatment.v > 0) {
		c.missing(ReasonNoVariance)
		return c
	}
	c.bound(control, treatment, distribution.NormalQuantile(alpha))
	c.Statistic = c.Difference / c.SE
	c.P = distribution.NormalP(c.Statistic)
	return c
}

// strataUnits is N: the units of both arms over the strata that count.
func strataUnits(strata int, of func(i int) (control, treatment int64)) (total int64) {
	for i := range strata {
		if c, t := of(i); c >= 2 && t >= 2 {
			total += c + t
		}
	}
	return total
}

// strataWeight is N_e/N, 0 for a stratum that is left out.
func strataWeight(control, treatment, total int64) float64 {
	if control < 2 || treatment < 2 {
		return 0
	}
	return float64(control+treatment) / float64(total)
}
