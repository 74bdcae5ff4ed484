package table

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/abacus-stream/abacus/codecs/result"
)

// title tells what the table holds as a whole.
func (f *frame) title() {
	if len(f.records) == 0 {
		f.line([]cell{{"no results yet", faint}}, 0)
		return
	}
	var experiments, units, asOf int64
	for _, rec := range f.records {
		if rec.Segment != "" { // its units are in the whole
			continue
		}
		experiments++
		units += unitsOf(rec)
		asOf = max(asOf, rec.AsOf)
	}
	text := Count(experiments, "experiment") + " · " + Count(units, "unit")
	if asOf > 0 { // no pane has closed before
		text += " · as of " + moment(asOf)
	}
	f.line([]cell{{text, faint}}, 0)
}

func unitsOf(rec *result.Record) (units int64) {
	for n := range maps.Values(rec.Units) {
		units += n
	}
	return units
}

func (f *frame) headings() {
	cells := make([]cell, len(f.columns))
	for i, c := range f.columns {
		cells[i] = cell{c.title, faint}
	}
	f.line(cells, len(gap))
}

// experiment is the heading of one experiment, or of a segment: what holds for all its metrics.
func (f *frame) experiment(rec *result.Record) {
	facts := []string{Count(unitsOf(rec), "unit")}
	if rec.Run > 1 {
		facts = append(facts, fmt.Sprintf("run %d", rec.Run))
	}
	if rec.Excluded != nil && *rec.Excluded > 0 {
		facts = append(facts, Thousands(*rec.Excluded)+" excluded")
	}
	ignored := rec.Dropped["after_end"]
	dropped := -ignored
	for n := range maps.Values(rec.Dropped) {
		dropped += n
	}
	if dropped > 0 {
		facts = append(facts, Count(dropped, "event")+" dropped")
	}
	if ignored > 0 {
		facts = append(facts, Count(ignored, "event")+" after its end ignored")
	}
	cells := []cell{{rec.Experiment, strong}}
	if rec.Segment != "" {
		cells = append(cells, cell{rec.Segment, strong})
	}
	if rec.Split != nil && rec.Split.Verdict != "" {
		split := cell{"split " + rec.Split.Verdict, faint}
		if rec.Split.Verdict != "ok" {
			split = cell{rec.Split.Verdict, odd}
		}
		cells = append(cells, split)
	}
	cells = append(cells, cell{strings.Join(facts, " · "), faint})
	f.free(cells)
	if rec.Split != nil && strings.Contains(rec.Split.Reason, " ") { // a sentence
		f.free([]cell{{}, {sentence(rec.Split.Reason), odd}})
	}
	if hint := uneven(rec); hint != "" {
		f.free([]cell{{}, {hint, odd}})
	}
}

// oneLook is the level of the split's check at one look.
const oneLook = 0.001

// uneven tells the share of each arm beside its weight where they do not fit at one look and there is a conversion: its interval
// at any time takes the weights, so the odd split counts against the effect.
func uneven(rec *result.Record) string {
	if rec.Split == nil {
		return ""
	}
	p, known := rec.Split.PChi2.Float()
	units := unitsOf(rec)
	if !known || p >= oneLook || units == 0 || !slices.ContainsFunc(rowsOf(rec), assuming) {
		return ""
	}
	var weights, shares []string
	for _, name := range slices.Sorted(maps.Keys(rec.Split.Weights)) {
		weights = append(weights, fmt.Sprintf("%.1f", 100*rec.Split.Weights[name]))
		shares = append(shares, fmt.Sprintf("%.1f", 100*float64(rec.Units[name])/float64(units)))
	}
	return "Intervals of conversions at any time assume arms of " + strings.Join(weights, "/") + " %, these are " + strings.Join(shares, "/") + " %"
}

// assuming says whether a row has an interval that takes the weights.
func assuming(r row) bool {
	return r.kind == "conversion" && r.compared != nil && between(r.compared.RelativeIntervalAlways) != missing
}

// told writes what has been found, a sentence each, and why there is no verdict where nothing else can say it.
func (f *frame) told(rows []row) {
	for i, r := range rows {
		switch c := r.compared; {
		case c == nil || c.Reason == "":
		case c.Verdict == "better" || c.Verdict == "worse":
			f.free([]cell{{}, {fmt.Sprintf("%s of %s is %s: %s", r.metric, r.variant, c.Verdict, sentence(c.Reason)), lookOf(c)}})
		case c.Verdict == "" && strings.Contains(c.Reason, " ") && again(rows[:i], r):
		case c.Verdict == "" && strings.Contains(c.Reason, " "), f.final && c.Verdict == "collecting":
			f.free([]cell{{}, {fmt.Sprintf("%s of %s: %s", r.metric, r.variant, strings.ReplaceAll(sentence(c.Reason), "_", " ")), lookOf(c)}})
		}
	}
}

// code is the words for machines at the end of a sentence. Records keep them.
var code = regexp.MustCompile(` \((?:crossed|[a-z0-9]+(?:_[a-z0-9]+)+)(?:; [a-z0-9_]+)*\)(\.?)$`)

// sentence is a reason without its words for machines.
func sentence(reason string) string { return code.ReplaceAllString(reason, "$1") }

// again says whether a row's reason was told for another variant of its metric.
func again(rows []row, r row) bool {
	return slices.ContainsFunc(rows, func(o row) bool {
		return o.metric == r.metric && o.compared != nil && o.compared.Verdict == "" && o.compared.Reason == r.compared.Reason
	})
}
