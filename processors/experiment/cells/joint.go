package cells

import (
	"cmp"
	"math"
	"slices"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

const kindRatio = "ratio"

// joined says that the figures of a metric come from sums of several totals of a unit.
func joined(m *experiment.Metric) bool { return m.Kind == kindRatio || m.Covariate != nil }

// totals are how many totals of a unit the sums of a metric are of.
func totals(m *experiment.Metric) int {
	switch {
	case m.Kind == kindRatio && m.Covariate != nil:
		return 4
	case joined(m):
		return 2
	}
	return 0
}

// parts are numerator and denominator of a ratio; nil where it names no metrics.
func parts(def *experiment.Definition, m *experiment.Metric) (numerator, denominator *experiment.Metric) {
	a, b := def.Part(m.Numerator), def.Part(m.Denominator)
	if a < 0 || b < 0 {
		return nil, nil
	}
	return &def.Metrics[a], &def.Metrics[b]
}

// scales are the decimals of the first two totals.
func (t *tally) scales(m int) [2]int {
	metric := &t.def.Metrics[m]
	if metric.Kind != kindRatio {
		return [2]int{decimals(metric), metric.CovariateScale()}
	}
	a, b := parts(t.def, metric)
	if a == nil {
		return [2]int{}
	}
	return [2]int{decimals(a), decimals(b)}
}

// joint are the sums of the totals of a metric in a cell, of as many totals as it has.
func (t *tally) joint(c *experiment.CellDelta, m int, of track) stats.Joint {
	n := totals(&t.def.Metrics[m])
	out := stats.Joint{S: make([]stats.Int128, n), P: make([]stats.Int192, n*(n+1)/2)}
	late := of == ofMatured && t.independent // else there are no panes of maturity
	for i := range c.Joint {
		sums := &c.Joint[i].Live
		if late {
			sums = &c.Joint[i].Matured
		}
		if c.Joint[i].Metric == m && len(sums.S) == n {
			out.Add(*sums)
		}
	}
	switch { // where a total is 0 there is nothing to add
	case !late:
		out.N = c.Units
	case t.events:
		out.N = c.FirstSeen
	}
	return out
}

// fixedJoint compares ratios, and means and ratios that a covariate adjusts.
func (t *tally) fixedJoint(m, control, treatment int, alpha float64, of track) stats.Comparison {
	var a, b []stats.Joint
	for i := range t.epochs {
		cells := t.epochs[i].cells
		x, y := t.joint(&cells[control], m, of), t.joint(&cells[treatment], m, of)
		if (x.N != 0 || y.N != 0) && !t.left(i, m, control, treatment, of) {
			a, b = append(a, x), append(b, y)
		}
	}
	metric, scales := &t.def.Metrics[m], t.scales(m)
	switch {
	case metric.Kind != kindRatio:
		return stats.Adjusted(a, b, scales, alpha)
	case metric.Covariate == nil || !adjustable(a, b):
		return stats.Ratio(front(a), front(b), scales, alpha)
	}
	c := stats.AdjustedRatio(a, b, scales, alpha)
	if metric.Covariate.Prop != "" {
		// Its denominator is 1: theta is in units of the ratio per unit of the number, whose scale it does not know.
		c.Theta *= math.Pow10(metric.CovariateScale() - scales[0] + scales[1])
	}
	return c
}

// adjustable says that the ratio before is one in every stratum. Where it is not, as when nobody did anything before, there is
// nothing to adjust by.
func adjustable(control, treatment []stats.Joint) bool {
	return !slices.ContainsFunc(slices.Concat(control, treatment), func(j stats.Joint) bool { return j.N > 0 && j.S[3].Sign() <= 0 })
}

// front are numerator and denominator alone.
func front(all []stats.Joint) []stats.Joint {
	out := make([]stats.Joint, len(all))
	for i, j := range all {
		out[i] = j.First(2)
	}
	return out
}

// reduction is the share of the variance of a difference that its covariate has taken away; NaN where it has none.
func (t *tally) reduction(c stats.Comparison, m, control, treatment int) float64 {
	if t.def.Metrics[m].Covariate == nil || !(c.SE > 0) {
		return math.NaN()
	}
	plain := t.unadjusted(m, control, treatment)
	if !(plain.SE > 0) {
		return math.NaN()
	}
	ratio := c.SE / plain.SE
	return 1 - float64(ratio*ratio)
}

// unadjusted is the comparison without the covariate.
func (t *tally) unadjusted(m, control, treatment int) stats.Comparison {
	if t.def.Metrics[m].Kind != kindRatio {
		return t.fixedSamples(m, control, treatment, t.alpha(), ofLive)
	}
	var a, b []stats.Joint
	for i := range t.epochs {
		cells := t.epochs[i].cells
		a, b = append(a, t.joint(&cells[control], m, ofLive)), append(b, t.joint(&cells[treatment], m, ofLive))
	}
	return stats.Ratio(front(a), front(b), t.scales(m), t.alpha())
}

// ratioOf gives the figures of a ratio in one variant: sum is the numerator's, mean R, variance that of R per unit.
func (t *tally) ratioOf(m, v int) result.Variant {
	var live, matured stats.Joint
	for i := range t.epochs {
		live.Add(t.joint(&t.epochs[i].cells[v], m, ofLive))
		matured.Add(t.joint(&t.epochs[i].cells[v], m, ofMatured))
	}
	scales := t.scales(m)
	nonZero := t.nonZero(m, v)
	out := result.Variant{
		N: &live.N, Sum: live.Sums(0).SumText(scales[0]), MaturedN: &matured.N, MaturedSum: matured.Sums(0).SumText(scales[0]), MaturedNonZero: &nonZero,
	}
	r, variance, reason := live.Ratio(scales)
	out.Mean, out.Variance, out.Reason = result.Num(r), result.Num(variance), reason
	if live.N == 0 {
		out.Reason = ReasonNoUnits
	}
	return out
}

// uncapped says that single units may weigh as much as money can.
func (t *tally) uncapped(m int) bool {
	metric := &t.def.Metrics[m]
	if metric.Kind != kindRatio {
		return (metric.Kind == kindMean || metric.Kind == kindLast) && metric.Cap == nil
	}
	a, b := parts(t.def, metric)
	return a != nil && (a.Kind == kindMean && a.Cap == nil || b.Kind == kindMean && b.Cap == nil)
}

// windowRatio gives the figures of a ratio in a window: the events and their sum are the numerator's, the mean is that sum over the
// denominator's.
func windowRatio(in WindowInput, def *experiment.Definition, m int) result.Metric {
	metric := &def.Metrics[m]
	out := result.Metric{Kind: metric.Kind, Variants: map[string]result.Variant{}}
	a, b := parts(def, metric)
	if a == nil {
		return out
	}
	numerator := windowMetric(in, def, def.Part(a.Name))
	for v := range def.Variants {
		name := def.Variants[v].Name
		of := numerator.Variants[name]
		figures := result.Variant{UnitsNew: of.UnitsNew, Events: of.Events, Sum: of.Sum, Rate: of.Rate}
		both := stats.Joint{S: []stats.Int128{windowSum(in, v, def.Part(a.Name)), windowSum(in, v, def.Part(b.Name))}}
		r, _, reason := both.Ratio([2]int{decimals(a), decimals(b)})
		if figures.Mean = result.Num(r); math.IsNaN(r) {
			figures.Reason = reason
		}
		out.Variants[name] = figures
	}
	return out
}

// windowSum is the sum of the values of a metric in a window.
func windowSum(in WindowInput, variant, m int) (sum stats.Int128) {
	for i := range in.Panes {
		if p := &in.Panes[i]; p.Variant == variant && m < len(p.Metrics) {
			sum = sum.Add(p.Metrics[m].Sum)
		}
	}
	return sum
}

// addJoint adds joint sums of deltas, by metric. It keeps none of the memory of from.
func addJoint(to, from []experiment.JointSums) []experiment.JointSums {
	for i := range from {
		sums := jointOf(&to, from[i].Metric)
		sums.Live.Add(from[i].Live)
		sums.Matured.Add(from[i].Matured)
	}
	return to
}

// jointOf finds or makes the joint sums of a metric.
func jointOf(all *[]experiment.JointSums, metric int) *experiment.JointSums {
	at, found := slices.BinarySearchFunc(*all, metric, func(a experiment.JointSums, m int) int { return cmp.Compare(a.Metric, m) })
	if !found {
		*all = slices.Insert(*all, at, experiment.JointSums{Metric: metric})
	}
	return &(*all)[at]
}
