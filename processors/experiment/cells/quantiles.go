package cells

import (
	"math"
	"strconv"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/quantile"
)

// Reasons of quantiles.
const (
	ReasonFixedHorizon  = "fixed_horizon"  // there is no figure that stays valid while one looks, so no verdict
	ReasonSeveralEpochs = "several_epochs" // quantiles cannot be compared within epochs and put together
	ReasonNoValues      = "no_values"
)

// noVerdict is the reason of every comparison that has its figures, with the words for machines.
func noVerdict(words string) string {
	if words != "" {
		words = "; " + words
	}
	return "Quantiles hold for one look, decided on before: they have no verdict (" + ReasonFixedHorizon + words + ")."
}

// quantiles gives the figures of a quantile metric, all of live values: the quantiles of each variant, and each compared with control's.
func (t *tally) quantiles(m int) result.Metric {
	metric := &t.def.Metrics[m]
	out := result.Metric{Kind: metric.Kind, Variants: map[string]result.Variant{}, Comparisons: map[string]result.Comparison{}}
	control := t.control()
	for v := range t.def.Variants {
		name := t.def.Variants[v].Name
		out.Variants[name] = t.quantilesOf(m, v)
		if v != control && control >= 0 {
			out.Comparisons[name] = t.compareQuantiles(m, control, v)
		}
	}
	return out
}

// quantilesOf is the quantiles of a variant; n is its values: units of quantiles of units, else events.
func (t *tally) quantilesOf(m, v int) result.Variant {
	all := merged(t.buckets(m, v))
	n := all.N()
	out := result.Variant{N: &n, Quantiles: map[string]result.Number{}}
	for _, q := range t.def.Metrics[m].Quantiles {
		value, ok := all.Quantile(q, decimals(&t.def.Metrics[m]))
		if out.Quantiles[nameOf(q)] = result.Num(value); !ok {
			out.Quantiles[nameOf(q)], out.Reason = result.Null, ReasonNoValues
		}
	}
	return out
}

// nameOf is a quantile as the definition writes it: 0.95.
func nameOf(q float64) string { return strconv.FormatFloat(q, 'g', -1, 64) }

// buckets are the values of a variant over all epochs, by bucket. Those of units are in the first, the zeros among them.
func (t *tally) buckets(m, v int) []quantile.Sketch {
	all := make([]quantile.Sketch, experiment.Buckets)
	for i := range t.epochs {
		c := &t.epochs[i].cells[v]
		for j := range c.Bins {
			if b := &c.Bins[j]; b.Metric == m && b.Bucket < len(all) {
				all[b.Bucket].Merge(b.Values)
			}
		}
	}
	if t.perUnit(m) {
		all[0].Add(0, t.units(v)-all[0].N())
	}
	return all
}

// perUnit says that a quantile is of unit totals.
func (t *tally) perUnit(m int) bool { return t.def.Metrics[m].Of == "unit" }

// compareQuantiles is a treatment against control: the figures of the first quantile, and those of each by its name.
func (t *tally) compareQuantiles(m, control, treatment int) result.Comparison {
	metric := &t.def.Metrics[m]
	a, b := t.buckets(m, control), t.buckets(m, treatment)
	out := result.Comparison{Quantiles: map[string]result.QuantileComparison{}}
	for i, q := range metric.Quantiles {
		one := t.compareQuantile(m, a, b, q)
		out.Quantiles[nameOf(q)] = result.QuantileComparison{
			Difference: one.Difference, Relative: one.Relative, SE: one.SE, Statistic: one.Statistic, P: one.P,
			Interval: one.Interval, RelativeInterval: one.RelativeInterval, Reason: one.Reason,
		}
		if i == 0 {
			one.Quantiles = out.Quantiles
			out = one
		}
	}
	out.PAlways, out.PAdjusted, out.IntervalAlways = result.Null, result.Null, result.Interval{result.Null, result.Null}
	if out.Reason != ReasonNotIndependent {
		out.Reason = noVerdict(out.Reason)
	}
	return out
}

// compareQuantile compares one quantile at a fixed horizon.
func (t *tally) compareQuantile(m int, control, treatment []quantile.Sketch, q float64) result.Comparison {
	c := quantile.Compare(t.estimate(m, control, q), t.estimate(m, treatment, q), t.alpha())
	switch {
	case !t.independent:
		return descriptive(t.plainly(c, m, control, treatment, q))
	case t.severalEpochs():
		c = quantile.Compare(quantile.Estimate{Reason: ReasonSeveralEpochs}, quantile.Estimate{}, t.alpha())
	case c.Reason != "" && c.Reason != stats.ReasonControlMeanZero:
		c = t.plainly(c, m, control, treatment, q)
	}
	out := inferential(c)
	out.Reason = c.Reason
	return out
}

// plainly puts in the difference of two quantiles that have no interval.
func (t *tally) plainly(c stats.Comparison, m int, control, treatment []quantile.Sketch, q float64) stats.Comparison {
	a, known := merged(control).Quantile(q, decimals(&t.def.Metrics[m]))
	b, also := merged(treatment).Quantile(q, decimals(&t.def.Metrics[m]))
	if !known || !also {
		return c
	}
	c.Difference = b - a
	if a != 0 {
		c.Relative = c.Difference / math.Abs(a)
	}
	return c
}

// merged is the values of all buckets.
func merged(buckets []quantile.Sketch) (all quantile.Sketch) {
	for _, s := range buckets {
		all.Merge(s)
	}
	return all
}

// estimate is a quantile with its interval: of independent values, or of events that share units.
func (t *tally) estimate(m int, buckets []quantile.Sketch, q float64) quantile.Estimate {
	digits := decimals(&t.def.Metrics[m])
	if t.events || t.perUnit(m) {
		return quantile.Of(buckets[0], q, t.alpha(), digits)
	}
	return quantile.Clustered(buckets, q, t.alpha(), digits)
}

// severalEpochs says that units came in more than one allocation epoch.
func (t *tally) severalEpochs() bool {
	some := 0
	for i := range t.epochs {
		for v := range t.epochs[i].cells {
			if t.epochs[i].cells[v].Units != 0 {
				some++
				break
			}
		}
	}
	return some > 1
}

// alpha is the level of fixed-horizon figures.
func (t *tally) alpha() float64 {
	if t.def.Decision.Alpha == 0 {
		return defaultAlpha
	}
	return t.def.Decision.Alpha
}
