package cells

import (
	"math"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// WindowInput is what the record of a window is made of.
type WindowInput struct {
	Entry      *experiment.Entry
	Grain      string                 // as the definition writes it
	Start, End int64                  // Unix ms
	Watermark  int64                  // Unix ms; math.MinInt64 before the first
	Panes      []experiment.PaneDelta // sums over the window; any number a variant
}

// Window is the stats record of one window: increments by variant, no comparisons. Revision is the number of changes that
// came after the end and grace of their panes.
func Window(in WindowInput) *result.Record {
	version := versionAt(in.Entry, in.Start)
	start, end := in.Start, in.End
	rec := &result.Record{
		V: result.Version, Experiment: in.Entry.Experiment, Run: int64(in.Entry.Run), ConfigVersion: version.Version,
		Grain: in.Grain, Start: &start, End: &end, AsOf: asOf(in.Watermark, end), Closed: in.Watermark >= end,
		Retention: retentionOf(&version.Definition, in.Grain), Metrics: map[string]result.Metric{},
	}
	for i := range in.Panes {
		rec.Revision += in.Panes[i].Late
	}
	def := &version.Definition
	for m := range def.Metrics {
		if counted(&def.Metrics[m]) {
			rec.Metrics[def.Metrics[m].Name] = windowMetric(in, def, m)
		}
	}
	return rec
}

func windowMetric(in WindowInput, def *experiment.Definition, m int) result.Metric {
	metric := &def.Metrics[m]
	if metric.Kind == kindRatio {
		return windowRatio(in, def, m)
	}
	out := result.Metric{Kind: metric.Kind, Variants: map[string]result.Variant{}}
	for v := range def.Variants {
		units, sums := int64(0), experiment.PaneSums{}
		var bins experiment.PaneBins
		for i := range in.Panes {
			p := &in.Panes[i]
			if p.Variant != v {
				continue
			}
			units += p.UnitsNew
			if m < len(p.Metrics) {
				sums.Events += p.Metrics[m].Events
				sums.Sum = sums.Sum.Add(p.Metrics[m].Sum)
			}
			if m < len(p.Bins) {
				bins.Values.Merge(p.Bins[m].Values)
				bins.Tagged.Merge(p.Bins[m].Tagged)
				bins.Seen.Add(experiment.LongAgo, p.Bins[m].Seen.Since(int((p.Start-in.Start)/second)))
			}
		}
		figures := windowVariant(metric, units, sums, in.End-in.Start)
		if in.Entry.Windowed() {
			spread(&figures, metric, &bins, def.Unit == unitEvent)
		}
		out.Variants[def.Variants[v].Name] = figures
	}
	return out
}

// windowVariant gives the figures of a metric in a window that are of sums; a mean per event is of kinds that take values.
func windowVariant(metric *experiment.Metric, units int64, sums experiment.PaneSums, length int64) result.Variant {
	total := stats.Sums{N: sums.Events, S: sums.Sum}
	out := result.Variant{
		UnitsNew: &units, Events: &sums.Events, Sum: total.SumText(decimals(metric)),
		Rate: result.Num(float64(sums.Events) / (float64(length) / second)),
	}
	if !metric.Valued() {
		return out
	}
	mean, ok := total.Mean(decimals(metric))
	if out.Mean = result.Num(mean); !ok {
		out.Mean, out.Reason = result.Null, ReasonNoEvents
	}
	return out
}

// spread gives the figures of a metric in a window that are of bins: the values by rank, all within 1 %, and how many units the
// events are of: of tagged events about, as far as they name any.
func spread(out *result.Variant, metric *experiment.Metric, bins *experiment.PaneBins, events bool) {
	units := bins.Seen.Since(0)
	if events {
		units = bins.Tagged.Count()
	}
	if !events || units > 0 { // of events that name no units there is nothing to say
		out.Uniques = &units
	}
	if !metric.Valued() {
		return
	}
	for _, figure := range []struct {
		into *result.Number
		q    float64
	}{{&out.Min, 0}, {&out.P50, 0.5}, {&out.P95, 0.95}, {&out.P99, 0.99}, {&out.Max, 1}} {
		*figure.into = result.Null
		if x, ok := bins.Values.Quantile(figure.q, decimals(metric)); ok {
			*figure.into = result.Num(x)
		}
	}
}

// asOf is the watermark that a record reflects, at most the time after which nothing of it changes any more; 0 before
// the first watermark.
func asOf(watermark, end int64) int64 {
	if watermark == math.MinInt64 {
		return 0
	}
	return min(watermark, end)
}
