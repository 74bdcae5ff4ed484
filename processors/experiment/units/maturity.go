package units

import (
	"encoding/binary"
	"fmt"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// loadTimers sets the timers of all rows: of units those that the rows name, of waiting events those of their groups.
func (p *processor) loadTimers() error {
	var bad error
	err := p.table.Scan([]byte("u|"), []byte("x|"), func(key, value []byte) bool {
		if len(value) < 9 {
			bad = fmt.Errorf("units: row %q of %d bytes: %w", key, len(value), ErrRow)
			return false
		}
		if due := int64(binary.BigEndian.Uint64(value[1:])); due != never {
			p.timers.Add(due, key)
		}
		if key[0] == 'w' {
			bad = p.rejoin(key, value)
		}
		return bad == nil
	})
	if err != nil {
		return err
	}
	p.arm()
	return bad
}

// arm sets the timer of the task to the first of the rows.
func (p *processor) arm() {
	if due, ok := p.timers.Next(); ok {
		p.timer.At(due)
	}
}

// fire does what stream time has made due.
func (p *processor) fire(now int64) error {
	for {
		if due, ok := p.timers.Next(); !ok || due > now {
			p.arm()
			return nil
		}
		key, due, _ := p.timers.Pop()
		p.key = append(p.key[:0], key...)
		if err := p.fireRow(due); err != nil {
			return err
		}
	}
}

// fireRow looks at one row; a timer that its row does not name is stale.
func (p *processor) fireRow(due int64) error {
	if p.key[0] == 'w' {
		return p.giveUp()
	}
	if err := p.loadKey(); err != nil {
		return err
	}
	if p.row.Timer != due {
		return nil
	}
	p.row.Timer = never
	p.timed = true
	err := p.save()
	p.timed = false
	return err
}

// mature counts what stream time has made due: the first-seen arms, and each metric's total as it now is. What a timer brings has
// matured when it was due; all else was due before its row knew of it, and matures now.
func (p *processor) mature(now int64) {
	for i := range p.row.Enrolments {
		e := &p.row.Enrolments[i]
		if x := p.catalog.enrolled(e); x != nil && e.Exposed {
			p.matureIn(x, e, now)
		}
	}
}

// matureIn matures one enrolment; with now = never all of it.
//
// Invariant (no pane matures twice): what matures lies in a pane that ends after the stream time of the step before. No watermark
// beyond that has left the task, so stage 2 still holds the pane open.
func (p *processor) matureIn(x *run, e *Enrolment, now int64) {
	place := Place(p.ctx.NextOffset(p.cfg.Events))
	kept := e.LeftOut == experiment.Analysed && (!e.Several || x.first)
	if due := after(e.First, x.grace); e.Seen == 0 && due <= now {
		e.Seen = place
		if e.Checked {
			x.sums.see(e, p.ripe(due), !kept)
		}
	}
	for i := range e.Matured {
		m := &x.metrics[i]
		due := x.due(m, e.First)
		if e.Matured[i] != 0 || due > now {
			continue
		}
		e.Matured[i] = place
		// Covariates and quantiles have no track of matured units.
		if kept && i < x.shown && m.kind != quantiles {
			x.sums.mature(x, e, i, p.ripe(due))
		}
	}
}

// ripe is the stream time at which something matures now that was due at a time. The task asks for stream time to pass the end of its
// pane, so that it is closed on quiet input too.
func (p *processor) ripe(due int64) int64 {
	at := p.ctx.StreamTime()
	if p.timed {
		at = due
	}
	p.closeAfter(at)
	return at
}

// closeAfter has stream time pass the end of a pane and grace.
func (p *processor) closeAfter(at int64) {
	if pane := paneOf(at); pane > p.ripened {
		p.ripened = pane
		p.closer.At(after(pane+second, p.catalog.grace))
	}
}

// next is the stream time at which the row changes next; never if it stays as it is.
func (p *processor) next(r *Row) int64 {
	due := p.expiry(r)
	for i := range r.Pending {
		due = min(due, r.Pending[i].Due)
	}
	for i := range r.Enrolments {
		e := &r.Enrolments[i]
		x := p.catalog.enrolled(e)
		if x == nil || !e.Exposed {
			continue
		}
		if e.Seen == 0 {
			due = min(due, after(e.First, x.grace))
		}
		for j, place := range e.Matured {
			if place == 0 {
				due = min(due, x.due(&x.metrics[j], e.First))
			}
		}
	}
	return due
}

// expiry is the stream time at which the row ends.
func (p *processor) expiry(r *Row) int64 {
	due, exposed := int64(0), false
	for i := range r.Enrolments {
		e := &r.Enrolments[i]
		if x := p.catalog.enrolled(e); x != nil && e.Exposed {
			due, exposed = max(due, after(e.First, x.reach)), true
		}
	}
	if !exposed {
		due = after(r.Last, p.catalog.dedup)
	}
	for i := range r.Pending {
		due = max(due, r.Pending[i].Due)
	}
	return due
}

// allMatured says that all metrics of the unit have matured in every run it is exposed in: nothing is taken back any more.
func (p *processor) allMatured() bool {
	exposed := false
	for i := range p.row.Enrolments {
		e := &p.row.Enrolments[i]
		if p.catalog.enrolled(e) == nil || !e.Exposed {
			continue
		}
		exposed = true
		if !e.allMatured() {
			return false
		}
	}
	return exposed
}
