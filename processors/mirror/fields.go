package mirror

import (
	"strconv"

	"github.com/abacus-stream/abacus/codecs/result"
)

// Fields is a stats record as the fields of its hash, without _topic and _offset. A figure that is not available has no
// field; floats are in their shortest form that reads back equal, sums as the record has them, times Unix ms.
//
//	experiment               run, config_version, as_of, closed (true, false), revision; start and end of a window
//	segment                  of a segment: dimension=value
//	units.<variant>, excluded, dropped.<cause>, left_out.<cause>, post_maturity_corrections, reason.<field>
//	split.<field>            verdict, chi2, p_chi2, p_sequential, reason; split.weights.<variant>, split.first_seen.<variant>,
//	                         split.crossed.<variant>, split.worst_segment, split.p_worst_segment
//	<variant>.units_new      of a window
//	<variant>.<metric>.      n, sum, mean, variance, matured_n, matured_nonzero, matured_drawn, matured_sum; quantile_<q>; of a window events, sum,
//	                         mean, rate, min, max, uniques, p50, p95, p99; figures_reason
//	<treatment>.<metric>.    method, difference, relative, se, se_pooled, statistic, df, p, method_always, p_always,
//	                         interval_always_method, p_adjusted, theta, variance_reduction, verdict, reason; interval, relative_interval, interval_always and relative_interval_always, each
//	                         with _low and _high; of a quantile metric quantile_<q>_difference, _relative, _se, _statistic, _p, _reason, and
//	                         quantile_<q>_interval and quantile_<q>_relative_interval with _low and _high
//	metrics.<metric>.reason  why the metric has no figures
func Fields(rec *result.Record) map[string]string {
	f := fields{"experiment": rec.Experiment, "closed": strconv.FormatBool(rec.Closed)}
	f.text("segment", rec.Segment)
	f.integer("run", &rec.Run)
	f.integer("config_version", &rec.ConfigVersion)
	f.integer("as_of", &rec.AsOf)
	f.integer("revision", &rec.Revision)
	f.integer("start", rec.Start)
	f.integer("end", rec.End)
	f.integer("excluded", rec.Excluded)
	for variant, n := range rec.Units {
		f.integer("units."+variant, &n)
	}
	for cause, n := range rec.Dropped {
		f.integer("dropped."+cause, &n)
	}
	for cause, n := range rec.LeftOut {
		f.integer("left_out."+cause, &n)
	}
	if rec.PostMaturityCorrections > 0 {
		f.integer("post_maturity_corrections", &rec.PostMaturityCorrections)
	}
	for field, reason := range rec.Reason {
		f.text("reason."+field, reason)
	}
	if rec.Split != nil {
		f.split(rec.Split)
	}
	for name, m := range rec.Metrics {
		f.metric(name, &m)
	}
	return f
}

type fields map[string]string

func (f fields) text(name, value string) {
	if value != "" {
		f[name] = value
	}
}

func (f fields) integer(name string, n *int64) {
	if n != nil {
		f[name] = strconv.FormatInt(*n, 10)
	}
}

func (f fields) number(name string, n result.Number) {
	if _, ok := n.Float(); ok {
		f[name] = n.String()
	}
}

func (f fields) interval(name string, v result.Interval) {
	f.number(name+"_low", v[0])
	f.number(name+"_high", v[1])
}

func (f fields) split(s *result.Split) {
	f.text("split.verdict", s.Verdict)
	f.number("split.chi2", s.Chi2)
	f.number("split.p_chi2", s.PChi2)
	f.number("split.p_sequential", s.PSequential)
	f.text("split.reason", s.Reason)
	f.text("split.worst_segment", s.WorstSegment)
	f.number("split.p_worst_segment", s.PWorstSegment)
	for variant, weight := range s.Weights {
		f.number("split.weights."+variant, result.Num(weight))
	}
	for variant, n := range s.FirstSeen {
		f.integer("split.first_seen."+variant, &n)
	}
	for variant, n := range s.Crossed {
		f.integer("split.crossed."+variant, &n)
	}
}

func (f fields) metric(name string, m *result.Metric) {
	f.text("metrics."+name+".reason", m.Reason)
	for variant, v := range m.Variants {
		f.integer(variant+".units_new", v.UnitsNew)
		f.variant(variant+"."+name+".", &v)
	}
	for treatment, c := range m.Comparisons {
		f.comparison(treatment+"."+name+".", &c)
	}
}

func (f fields) variant(prefix string, v *result.Variant) {
	f.integer(prefix+"n", v.N)
	f.integer(prefix+"events", v.Events)
	f.text(prefix+"sum", v.Sum)
	f.number(prefix+"mean", v.Mean)
	f.number(prefix+"variance", v.Variance)
	f.number(prefix+"rate", v.Rate)
	f.number(prefix+"min", v.Min)
	f.number(prefix+"max", v.Max)
	f.integer(prefix+"uniques", v.Uniques)
	f.number(prefix+"p50", v.P50)
	f.number(prefix+"p95", v.P95)
	f.number(prefix+"p99", v.P99)
	for q, x := range v.Quantiles {
		f.number(prefix+"quantile_"+q, x)
	}
	f.integer(prefix+"matured_n", v.MaturedN)
	f.integer(prefix+"matured_nonzero", v.MaturedNonZero)
	f.integer(prefix+"matured_drawn", v.MaturedDrawn)
	f.text(prefix+"matured_sum", v.MaturedSum)
	f.text(prefix+"figures_reason", v.Reason)
}

func (f fields) comparison(prefix string, c *result.Comparison) {
	f.text(prefix+"method", c.Method)
	f.number(prefix+"difference", c.Difference)
	f.number(prefix+"relative", c.Relative)
	f.number(prefix+"se", c.SE)
	f.number(prefix+"se_pooled", c.SEPooled)
	f.number(prefix+"statistic", c.Statistic)
	f.number(prefix+"df", c.DF)
	f.number(prefix+"p", c.P)
	f.text(prefix+"method_always", c.MethodAlways)
	f.number(prefix+"p_always", c.PAlways)
	f.text(prefix+"interval_always_method", c.IntervalAlwaysMethod)
	f.number(prefix+"p_adjusted", c.PAdjusted)
	f.interval(prefix+"interval", c.Interval)
	f.interval(prefix+"relative_interval", c.RelativeInterval)
	f.interval(prefix+"interval_always", c.IntervalAlways)
	f.interval(prefix+"relative_interval_always", c.RelativeIntervalAlways)
	f.number(prefix+"theta", c.Theta)
	f.number(prefix+"variance_reduction", c.VarianceReduction)
	f.text(prefix+"verdict", c.Verdict)
	f.text(prefix+"reason", c.Reason)
	for q, figures := range c.Quantiles {
		f.quantile(prefix+"quantile_"+q+"_", &figures)
	}
}

func (f fields) quantile(prefix string, c *result.QuantileComparison) {
	f.number(prefix+"difference", c.Difference)
	f.number(prefix+"relative", c.Relative)
	f.number(prefix+"se", c.SE)
	f.number(prefix+"statistic", c.Statistic)
	f.number(prefix+"p", c.P)
	f.interval(prefix+"interval", c.Interval)
	f.interval(prefix+"relative_interval", c.RelativeInterval)
	f.text(prefix+"reason", c.Reason)
}
