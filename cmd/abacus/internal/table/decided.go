package table

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
)

// Decide takes in a decision of the engine, which is shown with its experiment as long as that is in the same run. The record
// must not change afterwards; one that comes again is one.
func (t *Table) Decide(d *decision.Record) {
	if t.decisions == nil {
		t.decisions = map[string][]*decision.Record{}
	}
	same := func(of *decision.Record) bool { return of.ID == d.ID }
	t.decisions[d.Experiment] = append(slices.DeleteFunc(t.decisions[d.Experiment], same), d)
}

// DecisionLine writes a decision as a plain line, as Lines does a comparison.
func (t *Table) DecisionLine(w io.Writer, d *decision.Record) error {
	at := time.UnixMilli(d.Pane).UTC().Format("2006-01-02T15:04:05.000Z")
	_, err := fmt.Fprintf(w, "%s %s %s %s decision=%s p=%s alpha=%.4g margin=%s reason=%q\n", at, d.Experiment, d.Metric, word(d.Variant),
		d.Action, bare(probability(result.Num(d.P))), d.Alpha, bare(percent(result.Num(d.Margin))), d.Reason)
	if err != nil {
		return fmt.Errorf("write decision %s: %w", d.ID, err)
	}
	return nil
}

// decided writes what was decided of a run: why, and on what evidence.
func (f *frame) decided(rec *result.Record) {
	for _, d := range f.decisions[rec.Experiment] {
		if d.Run != rec.Run {
			continue
		}
		what := cell{"stopped: " + sentence(d.Reason), poor}
		if d.Action != decision.Stop {
			what = cell{"alert: " + sentence(d.Reason), odd}
		}
		f.free([]cell{{}, what})
		f.free([]cell{{}, {evidence(d, rec.Metrics[d.Metric].Kind), faint}})
	}
}

// evidence is what a decision rests on: the level that was crossed, when, and the matured units of both arms.
func evidence(d *decision.Record, kind string) string {
	text := fmt.Sprintf("p %s, at most alpha %.4g, at the close of %s", probability(result.Num(d.P)), d.Alpha,
		time.UnixMilli(d.Pane).UTC().Format("15:04:05"))
	var arms []string
	for _, name := range slices.Sorted(maps.Keys(d.FirstSeen)) {
		arms = append(arms, name+" "+Thousands(d.FirstSeen[name]))
	}
	if d.Treatment != nil && d.Control != nil {
		arms = []string{arm(d.Treatment, kind), arm(d.Control, kind) + " in control"}
	}
	if len(arms) == 0 {
		return text
	}
	return text + ": " + strings.Join(arms, ", ")
}

func arm(a *decision.Arm, kind string) string {
	r := row{kind: kind, figures: result.Variant{Mean: a.Mean}}
	return r.value() + " of " + Count(a.N, "unit")
}
