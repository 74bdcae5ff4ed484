package units

import (
	"errors"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/cespare/xxhash/v2"
)

var errTotal = errors.New("the unit's total would pass 2^53")

// metric takes a metric event of a unit.
func (p *processor) metric(ev *event.Event) error {
	kind := p.catalog.kinds[string(ev.Type)]
	if kind == nil {
		p.counts.ignored.N++
		return nil
	}
	class := p.classes.of(kind, ev, p.table)
	if !p.scale(class, ev) {
		p.fail(event.ValueOutOfRange, nil)
		return nil
	}
	if err := p.load(ev.Unit); err != nil {
		return err
	}
	k := Kept{ID: xxhash.Sum64(ev.ID), Content: content(ev), HasValue: ev.HasValue, Time: ev.Time, Class: class.id}
	if known, err := p.known(k); known {
		return err
	}
	p.touch(ev)
	if due := after(ev.Time, kind.reach); due < p.ctx.StreamTime() {
		k.Kind = Spent
		return p.late(ev, k, due)
	}
	retracted, err := p.answer(k)
	if err != nil {
		return err
	}
	k.Retracted = retracted
	if p.slow || class.named {
		p.begin()
		p.row.keep(k, p.values)
		if class.named {
			p.row.name(ev.ID)
		}
		p.finish(len(p.row.Kept) - 1)
	} else {
		p.row.keep(k, p.values)
		p.add(class, len(p.row.Kept)-1)
	}
	return p.save()
}

// scale reads the value at the decimals of a class into the scratch; false if it is beyond range at the finest.
func (p *processor) scale(c *class, ev *event.Event) bool {
	p.values = p.values[:0]
	if !ev.HasValue {
		return true
	}
	for _, d := range c.decimals {
		v, rounded, ok := ev.Value.Scaled(d)
		if !ok {
			return false
		}
		p.values = append(p.values, v<<1|one(rounded))
	}
	return true
}

// add settles a metric event that has just come: the short way of begin and finish. The event came behind every
// exposure, so it can only add.
func (p *processor) add(c *class, at int) {
	p.moves, p.before, p.after, p.spaced = p.moves[:0], p.before[:0], p.after[:0], p.spaced[:0]
	for i := range c.takes {
		x := c.takes[i].run
		part := p.part(x)
		if part < 0 {
			continue
		}
		p.resume(grow(&p.before), x, part)
		after := grow(&p.after)
		p.resume(after, x, part)
		after.sign, after.index = 1, len(p.after)-1
		if !p.attribute(after, at) {
			p.refuse(at, at)
			return
		}
		p.spaceOne(after, c, at)
	}
	for i := range p.after {
		p.settle(&p.before[i], &p.after[i])
	}
	p.settleMoves()
}

// part is the enrolment of the row in a run in which the unit is exposed and kept; -1 if there is none such.
func (p *processor) part(x *run) int {
	if x == nil {
		return -1
	}
	i := p.row.enrolment(x)
	if i < 0 {
		return -1
	}
	if e := &p.row.Enrolments[i]; !e.Exposed || e.LeftOut != experiment.Analysed || e.Several && !x.first {
		return -1
	}
	return i
}

// resume makes a tally that of a kept unit with the totals that its row holds; drops count from 0.
func (p *processor) resume(t *tally, x *run, part int) {
	e := &p.row.Enrolments[part]
	t.reset(x, 0, part, -1)
	t.place(e)
	copy(t.totals, e.Totals)
}

// refuse takes an event out for good that pushes a total beyond maxTotal. The event at hand becomes a dead letter; of one
// that waited for its exposure the record is gone, it is counted.
func (p *processor) refuse(over, current int) {
	p.row.Kept[over].Refused = true
	if over == current {
		p.fail(event.ValueOutOfRange, errTotal)
		return
	}
	p.ctx.Count("refused_in_state", 1)
}

// content is what rows keep of an event's content.
func content(ev *event.Event) uint32 { return uint32(ev.Content() >> 32) }

// touch notes that the unit has been heard of.
func (p *processor) touch(ev *event.Event) {
	p.row.Last = max(p.row.Last, ev.Time, p.ctx.StreamTime())
}

// known says whether the id of an event is taken: the same event again is nothing, another one a conflict.
func (p *processor) known(k Kept) (bool, error) {
	old := p.row.find(k.ID)
	switch {
	case old == nil:
		return false, nil
	case old.Content == k.Content:
		p.ctx.Count("duplicates", 1)
		return true, nil
	}
	p.ctx.Count("conflicts", 1)
	p.begin()
	p.row.Conflicts++
	p.finish(-1)
	return true, p.save()
}

// late sends an event to the late topic that is older than all state; due is until when it would have had a part in it.
func (p *processor) late(ev *event.Event, k Kept, due int64) error {
	if p.waited {
		p.ctx.Reject(p.src, "late", nil)
	} else {
		p.ctx.Late(string(ev.Type), p.ctx.StreamTime()-due)
	}
	p.begin()
	p.row.Late++
	p.row.keep(k, nil)
	p.finish(-1)
	return p.save()
}
