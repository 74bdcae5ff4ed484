package table

import (
	"strings"

	"github.com/abacus-stream/abacus/codecs/result"
)

// column is one column of the table.
type column struct {
	title string
	right bool
	keep  int // a column with a smaller keep goes first where there is no room
	of    func(r *row, scale float64) cell
}

// gap is between columns.
const gap = "  "

var columns = []column{
	{"metric", false, 9, func(r *row, _ float64) cell { return cell{text: r.metric} }},
	{"variant", false, 8, func(r *row, _ float64) cell { return cell{text: r.variant} }},
	{"units", true, 3, func(r *row, _ float64) cell { return cell{text: r.n()} }},
	{"value", true, 4, func(r *row, _ float64) cell { return cell{text: r.value()} }},
	{"lift", true, 6, treatment(func(c *result.Comparison) cell { return cell{signed(c.Relative), lookOf(c)} })},
	{"95 % at any time", true, 5, treatment(func(c *result.Comparison) cell { return cell{text: between(c.RelativeIntervalAlways)} })},
	{axisTitle, false, 1, func(r *row, scale float64) cell {
		if r.compared == nil {
			return cell{}
		}
		return cell{plot(r.compared, scale), lookOf(r.compared)}
	}},
	{"p always", true, 2, treatment(func(c *result.Comparison) cell { return cell{text: probability(c.PAlways)} })},
	{"verdict", false, 7, treatment(func(c *result.Comparison) cell { return cell{verdict(c), lookOf(c)} })},
	{fixedTitle, true, 0, treatment(func(c *result.Comparison) cell { return cell{between(c.RelativeInterval), faint} })},
	{fixedPTitle, true, -1, treatment(func(c *result.Comparison) cell { return cell{probability(c.P), faint} })},
}

// The columns of the fixed horizon, and what their keep is once that has come.
const fixedTitle, fixedPTitle = "fixed horizon", "  fixed p"

var finalKeep = map[string]int{fixedTitle: 6, fixedPTitle: 4}

// axisTitle marks the column whose title depends on the scale.
const axisTitle = "axis"

// treatment is a column of comparisons: the control's cell is empty.
func treatment(of func(c *result.Comparison) cell) func(*row, float64) cell {
	return func(r *row, _ float64) cell {
		if r.compared == nil {
			return cell{}
		}
		return of(r.compared)
	}
}

// verdict is that of a comparison, or why there is none.
func verdict(c *result.Comparison) string {
	if c.Verdict == "" && strings.Contains(c.Reason, " ") { // a sentence: it is told below
		return "(none)"
	}
	if c.Verdict == "" && c.Reason != "" {
		return "(" + strings.ReplaceAll(c.Reason, "_", " ") + ")"
	}
	return c.Verdict
}
