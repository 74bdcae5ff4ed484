package verify

import "strings"

// leniency is what of a total cannot be decided from the input topic. A task that hears nothing for a while advances its
// stream time with the wall clock; what matures by that, no record of the input tells. So matured figures are compared
//   - exactly, where no gap between two append times allows idleness and every unit has matured by stream time,
//   - between what has matured by stream time and all units, where only the end of the log leaves some waiting,
//   - not at all otherwise, and the figures of the always-valid track with them.
//
// Nor does it tell how far a task had come when a record was forwarded to it: where units have such records, the matured
// figures and the revisions of windows may differ.
type leniency struct {
	tally *tally
	quiet bool // a task may have been idle between two records, or behind or ahead of one that was forwarded
}

func (v *Verifier) leniency(t *tally) leniency {
	return leniency{tally: t, quiet: !v.in.NeverIdle && (t.astray || v.in.Quiets == nil && v.silence())}
}

// window is skip for the record of a window: how often it changed after its end.
func (l leniency) window(path, _, _ string) bool {
	return path == "revision" && l.tally.astray && l.quiet
}

// silence says whether two records of a partition are so far apart that its task may have been idle in between.
func (v *Verifier) silence() bool {
	for _, arrivals := range v.arrivals {
		for i := 1; i < len(arrivals); i++ {
			if arrivals[i].appended-arrivals[i-1].appended >= v.in.IdleAfter {
				return true
			}
		}
	}
	return false
}

// skip says whether a difference at a path is none that can be decided.
func (l leniency) skip(path, want, got string) bool {
	if path == "post_maturity_corrections" {
		return l.quiet && number(got) > number(want)
	}
	if firstSeen(path) {
		return l.quiet || l.tally.unseen > 0
	}
	part := strings.Split(path, ".")
	if len(part) < 5 || part[0] != "metrics" || l.tally.plan.byEvent {
		return false
	}
	metric := l.tally.plan.metric(part[1])
	field := part[4]
	switch part[2] {
	case "variants":
		waiting := l.tally.waiting(metric, l.tally.plan.variant(part[3]))
		return l.matured(field, want, got, waiting)
	case "comparisons":
		return alwaysValid[field] && (l.quiet || l.tally.waiting(metric, -1) > 0) || judged[field] && l.open()
	}
	return false
}

// open says whether a verdict may still be another: it rests on all metrics of its family, and on the split.
func (l leniency) open() bool { return l.quiet || l.tally.unseen > 0 || l.tally.waiting(-1, -1) > 0 }

// judged is the fields of a comparison that rest on others too.
var judged = map[string]bool{"p_adjusted": true, "verdict": true, "reason": true}

// firstSeen says whether a field rests on units by first-seen arm.
func firstSeen(path string) bool {
	rest, split := strings.CutPrefix(path, "split.")
	name, _, _ := strings.Cut(rest, ".")
	return split && (name == "p_sequential" || name == "verdict" || name == "reason" || name == "first_seen" || name == "crossed" || name == "worst_segment" || name == "p_worst_segment")
}

// alwaysValid is the fields of a comparison that rest on matured units.
var alwaysValid = map[string]bool{
	"p_always": true, "interval_always": true, "relative_interval_always": true,
}

// matured judges the figures of the matured track of one variant, where so many units wait.
func (l leniency) matured(field, want, got string, waiting int64) bool {
	switch field {
	case "matured_n":
		least := number(want)
		return l.quiet && got != "" || waiting > 0 && number(got) >= least && number(got) <= least+waiting
	case "matured_sum", "matured_nonzero":
		return l.quiet || waiting > 0
	}
	return false
}

// waiting is how many kept units have not matured, of one metric and variant or, with -1, of all.
func (t *tally) waiting(metric, variant int) (n int64) {
	for key, count := range t.pending {
		if (metric < 0 || key.metric == metric) && (variant < 0 || key.variant == variant) {
			n += count
		}
	}
	return n
}

// metric is the index of a name, -1 if there is none such.
func (p *plan) metric(name string) int {
	for i := range p.metrics {
		if p.metrics[i].name == name {
			return i
		}
	}
	return -1
}
