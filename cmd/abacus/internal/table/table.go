package table

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
)

// Table holds the latest total of each experiment. The zero value is empty, without colour and segments. It is for one goroutine.
type Table struct {
	Color    bool // ANSI colours in what Render writes
	Segments bool // show the totals of segments too, each below its experiment
	Final    bool // no more results come: the one look of the fixed horizon is now, and what has no verdict says why

	totals    map[string]*result.Record     // by key of the stats topic
	decisions map[string][]*decision.Record // by experiment, in the order in which they came
}

// Update takes in a record; of windows nothing is shown. The record must not change afterwards.
func (t *Table) Update(rec *result.Record) {
	if !t.shows(rec) {
		return
	}
	if t.totals == nil {
		t.totals = map[string]*result.Record{}
	}
	t.totals[rec.Key()] = rec
}

func (t *Table) shows(rec *result.Record) bool {
	return rec.Grain == result.Total && (rec.Segment == "" || t.Segments)
}

// sorted returns the records by the names of their experiments, of each the whole first.
func (t *Table) sorted() []*result.Record {
	return slices.SortedFunc(maps.Values(t.totals), func(a, b *result.Record) int {
		return cmp.Or(strings.Compare(a.Experiment, b.Experiment), strings.Compare(a.Segment, b.Segment))
	})
}

// row is one variant of one metric.
type row struct {
	metric, kind, variant string
	figures               result.Variant
	compared              *result.Comparison // nil: the control
}

// rowsOf returns the rows of a record: metrics by name, of each the control and then the treatments by name.
func rowsOf(rec *result.Record) []row {
	var rows []row
	for _, name := range slices.Sorted(maps.Keys(rec.Metrics)) {
		m := rec.Metrics[name]
		variants := slices.Sorted(maps.Keys(m.Variants))
		slices.SortStableFunc(variants, func(a, b string) int { return rank(m, a) - rank(m, b) })
		for _, variant := range variants {
			r := row{metric: name, kind: m.Kind, variant: variant, figures: m.Variants[variant]}
			if c, ok := m.Comparisons[variant]; ok {
				r.compared = &c
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// rank is 0 for the control, which is compared with nothing, and 1 for treatments.
func rank(m result.Metric, variant string) int {
	if _, ok := m.Comparisons[variant]; ok {
		return 1
	}
	return 0
}
