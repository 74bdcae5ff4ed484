package verify

import (
	"strconv"
	"strings"

	"github.com/abacus-stream/abacus/codecs/result"
)

// leniency is what of a total cannot be decided from the input topic: not how far a task had come when a record was forwarded to it,
// nor, where the log does not tell of idleness, when a unit matured. Where units have such records the matured figures, those of the
// always-valid track and the revisions of windows may differ. So may they where a task was idle in event time that others had passed:
// what it matured then came after its pane was closed, and the record says so.
type leniency struct {
	tally *tally
	quiet bool  // a task may have been idle between two records, or behind or ahead of one that was forwarded
	asOf  int64 // of the record
}

func (v *Verifier) leniency(t *tally, asOf int64, late bool) leniency {
	late = late && (len(v.in.Quiets) > 0 || len(t.tail) > 0)
	return leniency{tally: t, asOf: asOf, quiet: late || !v.in.NeverIdle && (t.astray || v.in.Quiets == nil && v.silence())}
}

// late says whether something matured after its pane was closed, which a total or the record of a segment says itself, or is
// about to: a unit of an idle task, whose pane others have passed, and which the record lacks.
func (t *tally) late(segment string, got map[string]string) bool {
	if number(got["matured_late"]) > 0 {
		return true
	}
	asOf := number(got["as_of"])
	if got["grain"] != strconv.Quote(result.Total) || !t.waits(asOf) {
		return false
	}
	rec := t.wantTotal(asOf, true)
	if segment != "" {
		rec = t.wantSegment(segment, asOf, true)
	}
	if rec == nil {
		return false
	}
	want, err := figuresIn(rec)
	return err == nil && fewer(got, want)
}

// waits says whether an idle task is to mature something in a pane that a watermark has passed.
func (t *tally) waits(watermark int64) bool {
	for start := range t.tail {
		if start+second <= watermark {
			return true
		}
	}
	return false
}

// fewer says whether a record has fewer matured units than another, of any metric and arm.
func fewer(got, want map[string]string) bool {
	for path, n := range want {
		if (strings.HasSuffix(path, ".matured_n") || strings.HasPrefix(path, "split.first_seen.")) && number(got[path]) < number(n) {
			return true
		}
	}
	return false
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
	if path == "closed" && l.asOf >= l.tally.lastPane() && l.tally.tail.end() > l.asOf {
		return true // a unit that waits for an idle task may be on its way
	}
	if path == "post_maturity_corrections" {
		return l.quiet && number(got) > number(want)
	}
	if path == "matured_late" || path == "closed" || firstSeen(path) {
		return l.quiet
	}
	part := strings.Split(path, ".")
	return l.quiet && len(part) >= 5 && part[0] == "metrics" && l.tally.plan.judged() && maturedFields[part[4]]
}

// maturedFields are the fields of a variant or a comparison that rest on matured units.
var maturedFields = map[string]bool{
	"matured_n": true, "matured_sum": true, "matured_nonzero": true, "matured_drawn": true, "p_always": true, "interval_always": true,
	"relative_interval_always": true, "crossed_at": true, "p_adjusted": true, "verdict": true, "reason": true,
}

// firstSeen says whether a field rests on units by first-seen arm.
func firstSeen(path string) bool {
	rest, split := strings.CutPrefix(path, "split.")
	name, _, _ := strings.Cut(rest, ".")
	return split && (name == "p_sequential" || name == "verdict" || name == "reason" || name == "first_seen" || name == "crossed" || name == "worst_segment" || name == "p_worst_segment")
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
