package units

import "github.com/abacus-stream/abacus/processors/experiment"

// maxTotal bounds the magnitude of a unit's raw total: beyond it a float64 skips integers.
const maxTotal = 1 << 53

// tally is what a row is worth in one run: its contribution to the sums, but for the panes, which are moves.
type tally struct {
	run      *run
	sign     int64 // of the moves that it makes: -1 before a change, 1 after
	index    int   // among the tallies of the change
	part     int   // index of the enrolment
	kept     bool  // exposed and not excluded
	excluded bool
	leftOut  experiment.Cause
	variant  int // of a unit that is exposed, as epoch and segments
	epoch    int64
	segments segments
	totals   []int64 // raw, by metric
	drops    [experiment.Drops]int64
}

// reset makes a tally that of nothing.
func (t *tally) reset(x *run, index, part int, sign int64) {
	*t = tally{run: x, index: index, part: part, sign: sign, totals: t.totals[:0]}
	if x != nil {
		for range x.metrics {
			t.totals = append(t.totals, 0)
		}
	}
}

// compute is the function from the row to its contribution: of the row, the classes and the definition alone. It gives
// the index of an event that pushes a total beyond maxTotal, -1 if there is none.
func (p *processor) compute(t *tally) (over int) {
	r := &p.row
	e := &r.Enrolments[t.part]
	switch {
	case t.run == nil || !e.Exposed:
		return -1
	case e.LeftOut != experiment.Analysed:
		t.leftOut = e.LeftOut
		return -1
	}
	t.place(e)
	if e.Several && !t.run.first {
		t.kept, t.excluded = false, true
		return -1
	}
	t.drops[experiment.DropLate], t.drops[experiment.DropConflict] = r.Late, r.Conflicts
	t.drops[experiment.DropBeforeStart], t.drops[experiment.DropAfterEnd] = e.BeforeStart, e.AfterEnd
	if e.Several {
		t.drops[experiment.DropMultipleVariants] = 1
	}
	p.move(t, e.First, newUnit, 0)
	for i := range r.Kept {
		if !p.attribute(t, i) {
			return i
		}
	}
	return -1
}

// place puts a kept unit into its cell.
func (t *tally) place(e *Enrolment) {
	t.kept, t.variant, t.epoch, t.segments = true, e.Variant, e.Epoch, e.Parts
}

// verdict is what the metrics of a run made of one event.
type verdict struct{ counted, rounded, empty bool }

// attribute adds one kept event to the tally of a kept unit; false if it pushes a total beyond maxTotal.
func (p *processor) attribute(t *tally, at int) bool {
	k := &p.row.Kept[at]
	if !k.counts() {
		return true
	}
	take := p.classes.byID[k.Class].take(t.run)
	if take == nil {
		return true
	}
	e := &p.row.Enrolments[t.part]
	// Gone: it waited for the exposure longer than grace. Arrival decides, so no timer is needed.
	gone := at < e.Earlier && e.Arrived >= after(k.Time, t.run.grace)
	var v verdict
	if !gone && k.Time < t.run.end {
		for _, m := range take.metrics {
			if !p.count(t, k, m, &v) {
				return false
			}
		}
	}
	t.drop(e, k, gone, v)
	return true
}

// count adds one kept event to one metric.
func (p *processor) count(t *tally, k *Kept, m taken, v *verdict) bool {
	metric := &t.run.metrics[m.metric]
	if !metric.covers(p.row.Enrolments[t.part].First, k.Time) {
		return true
	}
	v.counted = true
	value := int64(1)
	if m.slot >= 0 {
		if !k.HasValue {
			v.empty = true
			return true
		}
		scaled := p.row.Values[k.values+m.slot]
		value = scaled >> 1
		v.rounded = v.rounded || scaled&1 == 1
	}
	total := t.totals[m.metric] + value
	if total > maxTotal || total < -maxTotal {
		return false
	}
	t.totals[m.metric] = total
	p.move(t, k.Time, m.metric, value)
	return true
}

// drop names why no metric counted an event, and what was lost where one did.
func (t *tally) drop(e *Enrolment, k *Kept, gone bool, v verdict) {
	if v.rounded {
		t.drops[experiment.DropRounded]++
	}
	if v.empty {
		t.drops[experiment.DropNoValue]++
	}
	switch {
	case v.counted:
	case gone:
		t.drops[experiment.DropNoExposure]++
	case k.Time < e.First:
		t.drops[experiment.DropBeforeExposure]++
	case k.Time >= t.run.end:
		t.drops[experiment.DropAfterEnd]++
	default:
		t.drops[experiment.DropOutsideWindow]++
	}
}
