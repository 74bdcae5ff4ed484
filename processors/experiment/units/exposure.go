package units

import (
	"errors"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/cespare/xxhash/v2"
)

var errPerEvent = errors.New("the experiment counts tagged events, it has no exposures")

// exposure takes an exposure of a unit.
func (p *processor) exposure(ev *event.Event) error {
	if len(ev.Experiment) == 0 {
		p.fail(event.UnknownExperiment, nil)
		return nil
	}
	x := p.catalog.byName[string(ev.Experiment)]
	if x == nil {
		return p.wait(ev)
	}
	if x.perEvent {
		p.fail(event.UnknownExperiment, errPerEvent)
		return nil
	}
	variant := x.variant(ev.Variant)
	if variant < 0 {
		p.fail(event.UnknownVariant, nil)
		return nil
	}
	return p.expose(ev, x, variant)
}

// expose applies an exposure to the row of its unit.
func (p *processor) expose(ev *event.Event, x *run, variant int) error {
	if err := p.load(ev.Unit); err != nil {
		return err
	}
	k := Kept{ID: xxhash.Sum64(ev.ID), Content: content(ev), Kind: Exposure}
	if known, err := p.known(k); known {
		return err
	}
	p.touch(ev)
	if err := p.refuseAnswer(k); err != nil {
		return err
	}
	qualifies := ev.Time >= x.start && ev.Time < x.end
	if due := after(ev.Time, x.reach); qualifies && due < p.ctx.StreamTime() {
		return p.late(ev, k, due)
	}
	if i := p.row.enrolment(x); !p.slow && qualifies && i >= 0 && p.row.Enrolments[i].repeats(ev, variant) {
		p.counts.repeated.N++
		p.row.keep(k, nil)
		return p.save()
	}
	p.begin()
	p.change(ev, x, variant)
	p.row.keep(k, nil)
	p.finish(-1)
	return p.save()
}

// repeats says that an exposure changes nothing: neither earlier nor of another variant.
func (e *Enrolment) repeats(ev *event.Event, variant int) bool {
	return e.Exposed && e.precedes(ev.Time, ev.ID) && (e.Several || variant == e.Variant)
}

// change applies an exposure that may change the unit's part in a run.
func (p *processor) change(ev *event.Event, x *run, variant int) {
	i := p.row.enrolment(x)
	if i < 0 {
		i = len(p.row.Enrolments)
		p.row.enrol(x)
	}
	e := &p.row.Enrolments[i]
	switch {
	case ev.Time < x.start:
		e.BeforeStart++
		return
	case ev.Time >= x.end:
		e.AfterEnd++
		return
	case !e.Exposed:
		e.expose(x, p.arrived(), len(p.row.Kept))
		e.LeftOut = x.leftOut(p.unit())
		e.move(ev, x, variant)
		p.give(ev, x, e)
		return
	}
	if variant != e.Variant && !e.Several {
		e.Several = true
		if e.Seen != 0 && e.Checked && !x.first {
			x.sums.cross(e, p.ripe(never))
		}
	}
	switch {
	case e.precedes(ev.Time, ev.ID):
	case e.allMatured():
		// Attribution stays where it matured; the exposure counts as a correction.
		x.sums.correct(e.Variant, e.Epoch, &e.Parts)
	default:
		e.move(ev, x, variant)
		p.give(ev, x, e)
	}
}

// move makes an exposure the first one.
func (e *Enrolment) move(ev *event.Event, x *run, variant int) {
	e.First, e.FirstID = ev.Time, append(e.FirstID[:0], ev.ID...)
	e.Variant, e.Epoch, e.Parts = variant, x.epoch(ev.ConfigVersion, ev.Time), x.segmentsOf(ev)
	e.Drawn = x.drawn(ev)
	if e.Seen == 0 { // counts of the split check never fall
		e.Checked = e.LeftOut == experiment.Analysed && e.Drawn
	}
}
