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
	latest   []int   // of kind last, by metric: 1 + index in Kept of the event whose value it is
	drops    [experiment.Drops]int64
}

// reset makes a tally that of nothing.
func (t *tally) reset(x *run, index, part int, sign int64) {
	*t = tally{run: x, index: index, part: part, sign: sign, totals: t.totals[:0], latest: t.latest[:0]}
	if x != nil {
		for range x.metrics {
			t.totals, t.latest = append(t.totals, 0), append(t.latest, 0)
		}
	}
}

// compute is the function from the row to its contribution: of the row, the classes and the definition alone. It gives
// the index of an event that pushes a total beyond maxTotal, -1 if there is none.
func (p *processor) compute(t *tally) (over int) {
	r := &p.row
	e := &r.Enrolments[t.part]
	if t.run == nil || !e.Exposed {
		return -1
	}
	t.keepGiven(e)
	if e.LeftOut != experiment.Analysed {
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
	from := len(p.moves)
	p.move(t, e.First, newUnit, 0)
	for i := range r.Kept {
		if !p.attribute(t, i) {
			return i
		}
	}
	p.space(t, from)
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
	gone := t.run.gone(e, k, at)
	open := !gone && k.Time < t.run.end // covariates are of before all that
	var v verdict
	for _, m := range take.metrics {
		if (open || t.run.metrics[m.metric].before) && !p.count(t, at, m, &v) {
			return false
		}
	}
	t.drop(e, k, gone, v)
	return true
}

// gone says that an event waited for the exposure longer than grace. Arrival decides, so no timer is needed.
func (x *run) gone(e *Enrolment, k *Kept, at int) bool {
	return at < e.Earlier && e.Arrived >= after(k.Time, x.grace)
}

// count adds one kept event to one metric.
func (p *processor) count(t *tally, at int, m taken, v *verdict) bool {
	metric, k := &t.run.metrics[m.metric], &p.row.Kept[at]
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
	if !p.accumulate(t, at, m.metric, value) {
		return false
	}
	if !metric.before {
		p.move(t, k.Time, m.metric, value)
	}
	return true
}

// accumulate brings a value to the raw total of a metric; false if it pushes it beyond maxTotal. Quantiles of events have none.
func (p *processor) accumulate(t *tally, at, metric int, value int64) bool {
	switch m := &t.run.metrics[metric]; {
	case m.kind == last:
		if was := t.latest[metric]; was == 0 || p.row.later(&p.row.Kept[at], &p.row.Kept[was-1]) {
			t.totals[metric], t.latest[metric] = value, at+1
		}
		return true
	case m.kind == quantiles && !m.ofUnit:
		return true
	}
	total := t.totals[metric] + value
	if total > maxTotal || total < -maxTotal {
		return false
	}
	t.totals[metric] = total
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
