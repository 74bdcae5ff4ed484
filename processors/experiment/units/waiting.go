package units

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/cespare/xxhash/v2"
)

var errUnknown = errors.New("no such experiment appeared in time")

// wait keeps an event that names an unknown experiment. The records of one id are a group: they are given up together,
// when the first one is due.
func (p *processor) wait(ev *event.Event) error {
	due := after(ev.Time, p.catalog.grace)
	if p.ctx.StreamTime() >= due {
		p.fail(event.UnknownExperiment, errUnknown)
		return nil
	}
	p.ctx.Count("waiting", 1)
	key := p.waitingKey(ev)
	group := groupOf(ev)
	if len(p.groups[group]) > 0 {
		due = never
	} else {
		p.timers.Add(due, key)
		p.timer.Sooner(due)
	}
	p.table.Put(key, appendRecord(due, group, p.src))
	p.groups[group] = append(p.groups[group], key)
	return nil
}

// waitingKey orders the waiting events of an experiment by source and offset.
func (p *processor) waitingKey(ev *event.Event) []byte {
	key := binary.BigEndian.AppendUint64([]byte("w|"), xxhash.Sum64(ev.Experiment))
	if p.src.Topic == p.cfg.Detour.Node().Topic {
		key = append(key, 1)
	} else {
		key = append(key, 0)
	}
	return binary.BigEndian.AppendUint64(key, uint64(p.src.Offset))
}

// groupOf is the hash of what makes an event one: experiment, unit and id.
func groupOf(ev *event.Event) uint64 {
	var room [512]byte
	b := appendText(room[:0], ev.Experiment)
	return xxhash.Sum64(append(appendText(b, ev.Unit), ev.ID...))
}

// rejoin puts a waiting event into its group at the start. Keys are scanned in order, those of one source by offset.
func (p *processor) rejoin(key, value []byte) error {
	group := recordGroup(value)
	p.groups[group] = append(p.groups[group], append([]byte(nil), key...))
	return nil
}

// giveUp makes the group of the waiting event in p.key one dead letter: of the first of its records.
func (p *processor) giveUp() error {
	value, ok, err := p.table.Get(p.key)
	if err != nil || !ok {
		return err
	}
	group := recordGroup(value)
	src, err := parseRecord(value)
	if err != nil {
		return err
	}
	p.ctx.Reject(src, event.UnknownExperiment.String(), errUnknown)
	for _, key := range p.groups[group] {
		p.table.Delete(key)
	}
	delete(p.groups, group)
	return nil
}

// release applies the events that waited for a run, in the order of their offsets.
func (p *processor) release(x *run) error {
	from := binary.BigEndian.AppendUint64([]byte("w|"), x.hash)
	to := append(append([]byte(nil), from...), 2)
	var keys, values [][]byte
	err := p.table.Scan(from, to, func(key, value []byte) bool {
		keys, values = append(keys, append([]byte(nil), key...)), append(values, append([]byte(nil), value...))
		return true
	})
	if err != nil {
		return err
	}
	for i, key := range keys {
		p.table.Delete(key)
		delete(p.groups, recordGroup(values[i]))
		if err := p.resumeEvent(values[i]); err != nil {
			return fmt.Errorf("waiting event for %q: %w", x.name, err)
		}
	}
	return nil
}

// resumeEvent takes an event that has waited.
func (p *processor) resumeEvent(value []byte) error {
	src, err := parseRecord(value)
	if err != nil {
		return err
	}
	p.src, p.waited = src, true
	p.scanner.Scan(src.Value, &p.event)
	return p.take(&p.event)
}
