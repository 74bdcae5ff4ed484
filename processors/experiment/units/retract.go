package units

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/cespare/xxhash/v2"
)

var (
	errNotMetric = errors.New("only metric events can be retracted")
	errMatured   = errors.New("all metrics of the unit have matured")
	errNoTarget  = errors.New("no such event came in time")
)

// retraction takes a retraction of a metric event of the same unit. As a dead letter it does not occupy its id.
func (p *processor) retraction(ev *event.Event) error {
	if bytes.Equal(ev.Ref, ev.ID) { // its bytes alone show it: before any look at what has that id
		p.fail(event.BadRef, errNotMetric)
		return nil
	}
	if err := p.load(ev.Unit); err != nil {
		return err
	}
	k := Kept{ID: xxhash.Sum64(ev.ID), Content: content(ev), Kind: Retraction}
	if known, err := p.known(k); known {
		return err
	}
	target := p.row.find(xxhash.Sum64(ev.Ref))
	switch {
	case target != nil && target.Kind != Metric && target.Kind != Spent:
		p.fail(event.BadRef, errNotMetric)
		return nil
	case p.allMatured():
		p.fail(event.RetractTooLate, errMatured)
		return nil
	case target == nil:
		return p.pend(ev, k)
	}
	p.touch(ev)
	if err := p.refuseAnswer(k); err != nil {
		return err
	}
	p.begin()
	target.Retracted = true
	p.row.keep(k, nil)
	p.finish(-1)
	p.ctx.Count("retracted", 1)
	return p.save()
}

// pend keeps a retraction until its target comes.
func (p *processor) pend(ev *event.Event, k Kept) error {
	due := after(ev.Time, p.catalog.grace)
	if p.ctx.StreamTime() >= due {
		p.fail(event.RetractTooLate, errNoTarget)
		return nil
	}
	p.touch(ev)
	if err := p.refuseAnswer(k); err != nil {
		return err
	}
	p.table.Put(p.pendingKey(k.ID), appendRecord(never, 0, p.src))
	*grow(&p.row.Pending) = Pending{ID: k.ID, Ref: xxhash.Sum64(ev.Ref), Due: due}
	p.row.keep(k, nil)
	return p.save()
}

// pendingKey is the key of the record of a retraction of the unit in the scratch.
func (p *processor) pendingKey(id uint64) []byte {
	key := append([]byte("r|"), p.unit()...)
	return binary.BigEndian.AppendUint64(key, id)
}

// answer gives the retractions that wait for a metric event what they wait for.
func (p *processor) answer(k Kept) (retracted bool, err error) {
	for i := range p.row.Pending {
		if p.row.Pending[i].Ref == k.ID {
			p.table.Delete(p.pendingKey(p.row.Pending[i].ID))
			retracted = true
		}
	}
	if retracted {
		p.ctx.Count("retracted", 1)
		p.row.Pending = slices.DeleteFunc(p.row.Pending, func(w Pending) bool { return w.Ref == k.ID })
	}
	return retracted, nil
}

// refuseAnswer makes the retractions that wait for an exposure or a retraction dead letters.
func (p *processor) refuseAnswer(k Kept) error {
	return p.dropRetractions(event.BadRef, errNotMetric, func(w *Pending) bool { return w.Ref == k.ID })
}

// dropPending makes the retractions dead letters that have waited too long.
func (p *processor) dropPending(now int64) error {
	return p.dropRetractions(event.RetractTooLate, errNoTarget, func(w *Pending) bool { return w.Due <= now })
}

// dropRetractions makes the waiting retractions dead letters that drop names; their ids are free again.
func (p *processor) dropRetractions(fault event.Fault, cause error, drop func(w *Pending) bool) error {
	for i := 0; i < len(p.row.Pending); {
		w := &p.row.Pending[i]
		if !drop(w) {
			i++
			continue
		}
		key := p.pendingKey(w.ID)
		value, ok, err := p.table.Get(key)
		if err != nil {
			return err
		}
		if ok {
			src, err := parseRecord(value)
			if err != nil {
				return err
			}
			p.ctx.Reject(src, fault.String(), cause)
			p.table.Delete(key)
		}
		if k := p.row.find(w.ID); k != nil {
			k.Kind = Void
		}
		p.row.Pending = slices.Delete(p.row.Pending, i, i+1)
	}
	return nil
}
