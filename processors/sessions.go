package processors

import (
	"fmt"
	"math"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// aggregateSessions declares a node that keeps one result per key and session.
func aggregateSessions[K, V, A any](in Windows[K, V], name string, codec codecs.Codec[A], f fold[K, V, A], merge func(a, b A) A) topology.Stream[Windowed[K], A] {
	stream := grouped(in.stream, name, codec)
	key, _ := topology.Codecs(stream)
	store := topology.Store{Name: name, Reading: sessionReading{}, Layout: topology.LayoutOf(in.panes.layout(), key, codec), Grace: in.panes.due(0)}
	needs := topology.Needs{Stores: []topology.Store{store}}
	updates := topology.Process(stream, name, needs, func(out topology.Forward[Windowed[K], A]) topology.Processor[K, V] {
		return &sessions[K, V, A]{aside: newAside(stream, name), panes: in.panes, fold: f, merge: merge, values: codec, out: out}
	})
	updates = topology.Reach(topology.KeepKeys(updates), max(in.panes.due(1), in.panes.every))
	return topology.WithCodecs(updates, codecs.Codec[Windowed[K]](WindowedCodec[K]{Key: key, closes: in.panes.due(0)}), codec)
}

// sessions is a node that keeps one result per key and session.
//
// Invariant (one timer): a key that has sessions has a timer that is due no later than the first
// of them closes; timers that are due too early are set anew.
type sessions[K, V, A any] struct {
	aside[K, V]
	panes
	emission
	fold   fold[K, V, A]
	merge  func(a, b A) A
	values codecs.Codec[A]
	out    topology.Forward[Windowed[K], A]
	next   topology.Record[Windowed[K], A]

	table   *state.Table
	shut    int64      // sessions that end by it were closed under less grace, and stay so
	row     sessionRow // at hand
	encoded []byte     // its key
	fresh   []byte     // its bytes to come
	one     A          // a result at hand
	result  []byte     // of the session at hand, encoded
	changed []byte     // keys of rows that owe: uvarint length, key
	timers  state.Timers
	timer   *topology.Timer
	popped  []byte // the timer that fired last: its key, its due time
	firedAt int64
}

func (p *sessions[K, V, A]) Init(ctx topology.Context) error {
	p.table, p.shut = ctx.Table(p.name), ctx.Closed(p.name)
	p.timer = ctx.OnStreamTime(p.close)
	p.emission.start(ctx, p.panes, p.flush)
	ctx.SetGrace(p.panes.due(0)) // results of open sessions are still to come with times of end - 1
	if err := p.aside.Init(ctx); err != nil {
		return err
	}
	var fault error
	err := p.table.Scan(nil, nil, func(key, value []byte) bool {
		if fault = p.row.parse(value); fault != nil {
			fault = misread(p.name, key, fault)
			return false
		}
		p.expect(key)
		if p.row.owes() {
			p.changed = appendBytes(p.changed, key)
			p.owe()
		}
		return true
	})
	if err != nil {
		return err
	}
	return fault
}

// due is the stream time at which a session closes.
func (p *sessions[K, V, A]) due(end int64) int64 {
	if end <= p.shut {
		return math.MinInt64
	}
	return p.panes.due(end)
}

// expect sets the timer of the row at hand.
func (p *sessions[K, V, A]) expect(key []byte) {
	if end, ok := p.row.firstEnd(); ok {
		p.timers.Add(p.due(end), key)
		p.timer.Sooner(p.due(end))
	}
}

// load makes the row of a key the one at hand.
func (p *sessions[K, V, A]) load(key []byte) error {
	stored, ok, err := p.table.Get(key)
	if err != nil {
		return err
	}
	if !ok {
		stored = nil
	}
	if err := p.row.parse(stored); err != nil {
		return misread(p.name, key, err)
	}
	return nil
}

// store writes the row at hand.
func (p *sessions[K, V, A]) store(key []byte) {
	if len(p.row.all) == 0 {
		p.table.Delete(key)
		return
	}
	p.fresh = p.row.append(p.fresh[:0])
	p.table.Put(key, p.fresh)
}

func (p *sessions[K, V, A]) Process(rec *topology.Record[K, V]) error {
	if p.skips(rec) {
		return nil
	}
	key, err := p.key.Append(p.encoded[:0], rec.Key)
	if err != nil {
		return p.refused(rec, encodeError{fmt.Errorf("key: %w", err)})
	}
	p.encoded = key
	if err := p.load(key); err != nil {
		return err
	}
	owes := p.row.owes()
	first, others := p.row.firstEnd()
	s, err := p.absorb(rec)
	if err != nil || s.end == 0 {
		return p.refused(rec, err)
	}
	p.row.insert(s)
	p.store(key)
	if !others || s.end < first {
		p.expect(key)
	}
	if !owes && p.row.owes() {
		p.changed = appendBytes(p.changed, key)
		p.owe()
	}
	return nil
}

// flush forwards what the rows owe.
func (p *sessions[K, V, A]) flush() error {
	for key := range eachBytes(p.changed) {
		if err := p.flushRow(key); err != nil {
			return err
		}
	}
	p.changed = p.changed[:0]
	return nil
}

func (p *sessions[K, V, A]) flushRow(key []byte) error {
	if err := p.load(key); err != nil || !p.row.owes() { // it has closed since
		return err
	}
	if err := p.forwardRow(key, 0, false); err != nil {
		return err
	}
	p.row.drop(gone)
	p.store(key)
	return nil
}

// forwardRow forwards what the sessions with any of some flags, 0 for all, owe: tombstones first,
// then results; with all those too that it does not owe.
func (p *sessions[K, V, A]) forwardRow(key []byte, which byte, all bool) error {
	if err := p.key.Parse(key, &p.next.Key.Key); err != nil {
		return misread(p.name, key, err)
	}
	for _, pass := range [...]byte{gone, 0} {
		for i := range p.row.all {
			s := &p.row.all[i]
			if s.flags&gone != pass || which != 0 && s.flags&which == 0 || !all && !s.owes() {
				continue
			}
			if err := p.forward(*s); err != nil {
				return err
			}
			s.flags = s.flags&^owed | told
		}
	}
	return nil
}

func (p *sessions[K, V, A]) forward(s session) error {
	p.next.Key.Start, p.next.Key.End = s.start, s.end
	p.next.Value, p.next.Tombstone = *new(A), s.flags&gone != 0
	p.next.Time = p.row.holder(s).end - 1
	if !p.next.Tombstone {
		if err := p.values.Parse(s.result, &p.next.Value); err != nil {
			return misread(p.name, p.encoded, err)
		}
	}
	return p.out(&p.next)
}
