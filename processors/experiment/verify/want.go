package verify

import (
	"maps"
	"slices"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
)

// wantTotal is the record of a total that reflects a watermark; where it is not sure when things matured, one beyond the last pane that
// is known is as good. Its figures are functions of the sums recomputed here,
// its integers and decimals are written by this package.
func (t *tally) wantTotal(watermark int64, sure bool) *result.Record {
	in, matured := t.input(watermark, sure)
	rec := t.write(cells.Total(in), in, 0, matured)
	rec.Dropped = map[string]int64{}
	for i := range experiment.Drops {
		rec.Dropped[i.String()] = t.dropped[i.String()]
	}
	for why := range rec.LeftOut {
		rec.LeftOut[why] = t.leftOut[why]
	}
	return rec
}

// wantSegment is the record of a segment by its name, nil for an unknown one.
func (t *tally) wantSegment(name string, watermark int64, sure bool) *result.Record {
	segment := 1 + slices.Index(t.plan.segments(), name)
	if segment == 0 {
		return nil
	}
	in, matured := t.input(watermark, sure)
	rec := t.write(cells.Segment(in, segment), in, segment, matured)
	rec.Segment = name
	return rec
}

// hasSegment says whether anything was counted in a segment.
func (t *tally) hasSegment(segment int) bool {
	inside := func(cells map[cellKey]*cell) bool {
		for key := range cells {
			if key.segment == segment {
				return true
			}
		}
		return false
	}
	return inside(t.cells) || slices.ContainsFunc(slices.Collect(maps.Values(t.ripe)), inside)
}

// input is what a record of a total or a segment is made of, and what had matured by then.
func (t *tally) input(watermark int64, sure bool) (in cells.TotalInput, matured map[cellKey]*cell) {
	asOf, closed := t.asOf(watermark)
	if !sure {
		asOf = watermark
	}
	matured, watch, _ := t.fold(asOf)
	return cells.TotalInput{Entry: t.plan.entry, Sums: t.delta(matured), Watch: watch, AsOf: asOf, Closed: closed}, matured
}

// write puts what this package has counted in a segment, 0 for the whole, into its record.
func (t *tally) write(rec *result.Record, in cells.TotalInput, segment int, matured map[cellKey]*cell) *result.Record {
	rec.Experiment, rec.Run, rec.Grain = t.plan.name, int64(t.plan.run), result.Total
	rec.AsOf, rec.Closed, rec.Revision = in.AsOf, in.Closed, 0
	x := t.totalsOf(segment)
	rec.Units, rec.Excluded, rec.PostMaturityCorrections = x.Units, &x.Excluded, x.Corrections
	for i, m := range t.plan.metrics {
		if !m.summed() {
			t.writeQuantiles(rec, segment, i)
			continue
		}
		variants := figuresOf(rec, &m)
		for _, name := range t.plan.variants {
			figures := variants[name]
			t.figures(&figures, &x, segment, &m, name)
			if t.plan.judged() {
				t.maturedFigures(&figures, matured, segment, &m, name)
			}
			variants[name] = figures
		}
	}
	return rec
}

// figures writes n and sums of one variant: n is the units, of a mean by event the events with a value.
func (t *tally) figures(figures *result.Variant, x *Expected, segment int, m *metric, variant string) {
	live, n := x.Live[m.name][variant], x.Units[variant]
	if m.kind == "ratio" {
		live = numerator(t.cells, segment, t.plan.variant(variant), t.plan.metric(m.name), liveTrack)
	}
	if t.plan.byEvent && m.valued() {
		n = live.N
	}
	figures.N, figures.Sum = &n, decimalText(live.S, m.decimals)
	matured, nonZero := n, int64(0)
	for key, c := range t.cells {
		if key.segment == segment && t.plan.variants[key.variant] == variant {
			nonZero += c.nonZero[t.plan.metric(m.name)]
		}
	}
	figures.MaturedN, figures.MaturedSum, figures.MaturedNonZero = &matured, figures.Sum, &nonZero
}

// writeQuantiles writes n of a quantile metric: the values of its variants in a segment, 0 for the whole.
func (t *tally) writeQuantiles(rec *result.Record, segment, metric int) {
	m := &t.plan.metrics[metric]
	if m.kind != "quantile" {
		return
	}
	variants := figuresOf(rec, m)
	for i, name := range t.plan.variants {
		n := int64(0)
		for key, c := range t.cells {
			for at, all := range c.quantiles {
				if key.variant == i && key.segment == segment && at.metric == metric {
					n += all.count()
				}
			}
		}
		figures := variants[name]
		figures.N = &n
		variants[name] = figures
	}
}

// maturedFigures writes those of the matured track where there is one.
func (t *tally) maturedFigures(figures *result.Variant, matured map[cellKey]*cell, segment int, m *metric, variant string) {
	sum, nonZero, drawn, i := newSums(1)[0], int64(0), int64(0), t.plan.metric(m.name)
	for key, c := range matured {
		if key.segment != segment || t.plan.variants[key.variant] != variant {
			continue
		}
		own := c.matured[i]
		if m.kind == "ratio" {
			own = numerator(map[cellKey]*cell{key: c}, segment, key.variant, i, maturedTrack)
		}
		if t.plan.byEvent && m.kind != "mean" {
			own.N = c.firstSeen
		}
		sum.merge(&own)
		nonZero += c.nonZero[i]
		drawn += c.drawn[i]
	}
	figures.MaturedN, figures.MaturedSum, figures.MaturedNonZero = &sum.N, decimalText(sum.S, m.decimals), &nonZero
	if figures.MaturedDrawn = nil; m.kind == "conversion" && drawn != nonZero {
		figures.MaturedDrawn = &drawn
	}
}

// asOf caps a watermark at the end of the latest pane that holds something, of events or of maturity.
func (t *tally) asOf(watermark int64) (at int64, closed bool) {
	last := max(t.lastPane(), t.tail.end())
	if last == 0 {
		return max(0, t.plan.versions[0].effective), true
	}
	return min(watermark, last), watermark >= last
}

// lastPane is the end of the latest pane that holds something, or that stream time has matured something in, 0 without one.
func (t *tally) lastPane() (end int64) {
	if t.plan.judged() {
		end = t.ripe.end()
	}
	for key, p := range t.panes {
		if !p.empty() {
			end = max(end, key.start+second)
		}
	}
	return end
}

func (p *pane) empty() bool {
	return p.unitsNew == 0 && p.late == 0 &&
		!slices.ContainsFunc(p.metrics, func(s paneSum) bool { return s.events != 0 || s.sum.Sign() != 0 })
}

// wantWindow is the record of a window that reflects a watermark.
func (t *tally) wantWindow(grain string, w Window, watermark int64) *result.Record {
	rec := cells.Window(cells.WindowInput{
		Entry: t.plan.entry, Grain: grain, Start: w.Start, End: w.End, Watermark: watermark, Panes: t.windowPanes(w),
	})
	rec.Experiment, rec.Run, rec.Grain, rec.Start, rec.End = t.plan.name, int64(t.plan.run), grain, &w.Start, &w.End
	rec.AsOf, rec.Closed, rec.Revision = min(watermark, w.End), watermark >= w.End, w.Revision
	rec.Retention = t.retention(grain, w.Start)
	for _, m := range t.plan.metrics {
		if !m.counted() {
			continue
		}
		variants := figuresOf(rec, &m)
		for _, name := range t.plan.variants {
			figures := variants[name]
			units, events := w.UnitsNew[name], w.Metrics[t.plan.counts(&m)][name]
			figures.UnitsNew, figures.Events, figures.Sum = &units, &events.N, decimalText(events.Sum, m.decimals)
			if m.kind != "ratio" {
				figures.Uniques = t.uniques(&events)
			}
			variants[name] = figures
		}
	}
	return rec
}

// uniques is how many units the events of a window are of: of tagged ones about, and only where they name some.
func (t *tally) uniques(events *Events) *int64 {
	n := events.units
	if t.plan.byEvent {
		n = estimate(events.tagged)
	}
	if !t.plan.windowed() || t.plan.byEvent && n == 0 {
		return nil
	}
	return &n
}

// counts names the metric whose events a window counts for one: of a ratio the numerator.
func (p *plan) counts(m *metric) string {
	if m.kind == "ratio" {
		return p.metrics[m.parts[0]].name
	}
	return m.name
}

// figuresOf is the variants of a metric in a record, made where they are missing.
func figuresOf(rec *result.Record, m *metric) map[string]result.Variant {
	out := rec.Metrics[m.name]
	if out.Variants == nil {
		out.Kind, out.Variants = m.kind, map[string]result.Variant{}
		rec.Metrics[m.name] = out
	}
	return out.Variants
}

// retention is how long after its end a window may be asked for, ms.
func (t *tally) retention(grain string, start int64) int64 {
	if kept, ok := t.plan.at(start).Retention[grain]; ok {
		return int64(kept)
	}
	if kept, ok := map[string]int64{"1s": 600_000, "5s": 3_600_000, "60s": 7 * 24 * 3_600_000, "sliding 60s": 600_000}[grain]; ok {
		return kept
	}
	return 3_600_000
}

// keys is the names of a map in order.
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// ordered is the starts of windows in order.
func ordered(windows map[int64][]paneKey) []int64 { return slices.Sorted(maps.Keys(windows)) }
