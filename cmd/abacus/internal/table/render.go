package table

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
)

// Render writes the table for a width in characters, a heading line for each experiment and a row for each variant
// of each metric. Columns that have no room are left out, those of the fixed horizon, unless the table is final, and the plots first.
func (t *Table) Render(w io.Writer, width int) error {
	var b strings.Builder
	f := frame{out: &b, width: width, color: t.Color, final: t.Final, records: t.sorted(), decisions: t.decisions}
	f.scale = scaleOf(f.records)
	f.lay()
	f.write()
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// frame is one rendering.
type frame struct {
	out     *strings.Builder
	width   int
	color   bool
	final   bool
	scale   float64
	records []*result.Record

	decisions map[string][]*decision.Record // by experiment

	columns []column
	widths  []int
	rows    map[string][]row // by key of the stats topic
}

// lay decides on the columns and their widths.
func (f *frame) lay() {
	f.rows = map[string][]row{}
	f.columns, f.widths = slices.Clone(columns), make([]int, len(columns))
	told := make([]bool, len(columns))
	for i := range f.columns {
		if f.columns[i].title == axisTitle {
			f.columns[i].title = axis(f.scale)
		}
		if f.final {
			f.columns[i].keep = max(f.columns[i].keep, finalKeep[f.columns[i].title])
		}
		f.widths[i] = utf8.RuneCountInString(f.columns[i].title)
	}
	for _, rec := range f.records {
		rows := rowsOf(rec)
		f.rows[rec.Key()] = rows
		for r := range rows {
			for i, c := range f.columns {
				text := c.of(&rows[r], f.scale).text
				f.widths[i] = max(f.widths[i], utf8.RuneCountInString(text))
				told[i] = told[i] || strings.Trim(text, " │") != "" && text != missing // an axis alone tells nothing
			}
		}
	}
	for i := len(told) - 1; i >= 0; i-- {
		if !told[i] { // nothing in it
			f.remove(i)
		}
	}
	for f.total() > f.width && len(f.columns) > 2 {
		f.drop()
	}
}

func (f *frame) total() int {
	total := len(gap)
	for _, width := range f.widths {
		total += width + len(gap)
	}
	return total - len(gap)
}

// drop takes the column away that is missed least.
func (f *frame) drop() {
	least := 0
	for i, c := range f.columns {
		if c.keep < f.columns[least].keep {
			least = i
		}
	}
	f.remove(least)
}

func (f *frame) remove(i int) {
	f.columns = slices.Delete(f.columns, i, i+1)
	f.widths = slices.Delete(f.widths, i, i+1)
}

func (f *frame) write() {
	f.title()
	if len(f.records) == 0 {
		return
	}
	f.headings()
	for _, rec := range f.records {
		f.line(nil, 0)
		f.experiment(rec)
		if rec.Segment == "" {
			f.decided(rec)
		}
		rows := f.rows[rec.Key()]
		for i := range rows {
			if !f.silent(rows, i) {
				f.row(rows, i)
			}
		}
		f.told(rows)
	}
}

// free writes cells one after the other, in no columns.
func (f *frame) free(cells []cell) {
	var b strings.Builder
	left := f.width
	for i, c := range cells {
		if i > 0 && left > len(gap) {
			b.WriteString(gap)
			left -= len(gap)
		} else if i > 0 {
			break
		}
		width := min(utf8.RuneCountInString(c.text), left)
		c.write(&b, width, false, f.color)
		left -= width
	}
	f.out.WriteString(strings.TrimRight(b.String(), " "))
	f.out.WriteByte('\n')
}

// silent says whether the i-th row is a control's of which no column has anything, as others of its metric have.
func (f *frame) silent(rows []row, i int) bool {
	figures := slices.ContainsFunc(f.columns, func(c column) bool { return c.title == "units" || c.title == "value" })
	return !figures && rows[i].compared == nil && i+1 < len(rows) && rows[i+1].metric == rows[i].metric && rows[i+1].compared != nil
}

// row writes the i-th row; the metric's name stands in the first one that is written.
func (f *frame) row(rows []row, i int) {
	cells := make([]cell, len(f.columns))
	for at, c := range f.columns {
		cells[at] = c.of(&rows[i], f.scale)
		if c.title == "metric" && i > 0 && rows[i-1].metric == rows[i].metric && !f.silent(rows, i-1) {
			cells[at] = cell{}
		}
	}
	f.line(cells, len(gap))
}

// line writes cells in the columns' widths, without blanks at the end.
func (f *frame) line(cells []cell, indent int) {
	if len(cells) == 1 {
		f.free(cells)
		return
	}
	var b strings.Builder
	left := f.width - indent
	b.WriteString(strings.Repeat(" ", min(indent, f.width)))
	for i, c := range cells {
		if i > 0 {
			b.WriteString(cut(gap, left))
			left -= len(gap)
		}
		width := max(min(f.widths[i], left), 0)
		c.write(&b, width, f.columns[i].right, f.color)
		left -= width
	}
	f.out.WriteString(strings.TrimRight(b.String(), " "))
	f.out.WriteByte('\n')
}
