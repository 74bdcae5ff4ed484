package processors

import (
	"math"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// aggregateWindows declares a node that keeps one result per key and window, or pane of windows.
// A merge of nil is that of an aggregate whose results cannot be merged.
func aggregateWindows[K, V, A any](in Windows[K, V], name string, codec codecs.Codec[A], f fold[K, V, A], merge func(a, b A) A) topology.Stream[Windowed[K], A] {
	fault := in.fault
	if fault == "" && merge == nil && !in.panes.tumbling() {
		fault = "its windows are merged, and it has no merge: use AggregateMerging"
	}
	if fault != "" {
		topology.BuilderOf(in.stream).Fault("node %q: %s", name, fault)
	}
	if in.panes.sessions {
		return aggregateSessions(in, name, codec, f, merge)
	}
	stream := grouped(in.stream, name, codec)
	inner, _ := topology.Codecs(stream)
	key := WindowedCodec[K]{Key: inner, closes: in.panes.due(0)}
	store := topology.Store{Name: name, Reading: windowsReading(in.panes, codec, merge), Layout: topology.LayoutOf(in.panes.layout(), inner, codec), Grace: in.panes.due(0)}
	if !in.panes.sliding { // whose rows are ordered by key
		store.Retention = in.panes.reach()
	}
	needs := topology.Needs{Stores: []topology.Store{store}}
	updates := topology.Process(stream, name, needs, func(out topology.Forward[Windowed[K], A]) topology.Processor[K, V] {
		node := windowing[K, V, A]{aside: newAside(stream, name), panes: in.panes, fold: f, out: out, rows: windowRows(in.panes, key, codec)}
		switch {
		case in.panes.tumbling():
			return &node
		case in.panes.sliding:
			node.rows.keys = paneCodec[K]{inner}
			return &sliding[K, V, A]{windowing: node, inner: inner, merged: slider[A]{merge: merge}}
		}
		return &hopping[K, V, A]{windowing: node, inner: inner, merged: slider[A]{merge: merge}}
	})
	updates = topology.Reach(topology.KeepKeys(updates), max(in.panes.reach(), in.panes.every))
	return topology.WithCodecs(updates, codecs.Codec[Windowed[K]](key), codec)
}

func windowsReading[A any](p panes, values codecs.Codec[A], merge func(a, b A) A) state.Reading {
	merged := mergedReading[A]{panes: p, values: values, merge: merge}
	switch {
	case p.tumbling():
		return windowReading{}
	case p.sliding:
		return slidingReading[A]{merged}
	}
	return hoppingReading[A]{merged}
}

func windowRows[K, A any](p panes, key codecs.Codec[Windowed[K]], value codecs.Codec[A]) rows[Windowed[K], A] {
	return rows[Windowed[K], A]{
		keys: key, values: value, dated: p.every > 0, held: p.emit&OnUpdate == 0,
		silent: p.emit&OnUpdate == 0 && p.every == 0,
	}
}

// windowing is a node that keeps one result per key and window.
//
// Invariant (closed is gone): no row's window has end + grace <= stream time. A record for such a
// window is late, and the timer deletes rows at that very time.
type windowing[K, V, A any] struct {
	aside[K, V]
	panes
	emission
	fold fold[K, V, A]
	rows rows[Windowed[K], A]
	out  topology.Forward[Windowed[K], A]
	next topology.Record[Windowed[K], A]

	timer   *topology.Timer
	first   int64  // no row's pane starts before it
	whole   int64  // windows that start before it lack panes, which are trimmed: they stay closed
	closing []byte // keys of the rows to close: uvarint length, key
	below   []byte // of which rows are gone
}

func (p *windowing[K, V, A]) Init(ctx topology.Context) error {
	p.timer = ctx.OnStreamTime(p.close) // before the ticker of emission, which forwards open windows
	p.emission.start(ctx, p.panes, p.flush)
	return p.restore(ctx)
}

// restore takes up the rows that there are.
func (p *windowing[K, V, A]) restore(ctx topology.Context) error {
	p.rows.table, p.rows.since, p.first = ctx.Table(p.name), p.since, math.MaxInt64
	ctx.SetGrace(p.grace) // results of open windows are still to come with times of end - 1
	if err := p.aside.Init(ctx); err != nil {
		return err
	}
	if err := p.settle(); err != nil {
		return err
	}
	return eachRow(p.rows.table, windowedHead, nil, func(key, value []byte) bool {
		start, _ := windowOf(key)
		p.expect(start)
		return p.oweStored(key, value) // else the first row is the first to close
	})
}

// settle finds the windows that were closed before a restart, also where the grace has grown since.
func (p *windowing[K, V, A]) settle() error {
	below, err := p.rows.table.Floor()
	if p.whole = math.MinInt64; len(below) >= trimHead {
		p.whole = startOf(below)
	}
	return err
}

// closes is the stream time at which the window with a start closes.
func (p *windowing[K, V, A]) closes(start int64) int64 {
	if start < p.whole {
		return math.MinInt64
	}
	return p.due(start + p.size)
}

// oweStored lists a row that is owed since before a restart, and says whether others may be.
func (p *windowing[K, V, A]) oweStored(key, value []byte) bool {
	if !p.rows.dated || !p.rows.held {
		return false
	}
	if p.rows.parse(value) == nil && p.rows.row.time >= p.since { // a row that does not parse fails when it is read
		p.rows.changed = appendBytes(p.rows.changed, key)
		p.owe()
	}
	return true
}

// expect sets the timer for a pane that has rows.
func (p *windowing[K, V, A]) expect(pane int64) {
	p.first = min(p.first, pane)
	first, _ := p.windows(pane)
	for p.closes(first) <= p.StreamTime() { // closed, and the pane is in others
		first += p.advance
	}
	p.timer.Sooner(p.closes(first))
}

func (p *windowing[K, V, A]) Process(rec *topology.Record[K, V]) error {
	if p.skips(rec) {
		return nil
	}
	start, end := p.of(rec.Time)
	if p.lateFor(rec, start) {
		return nil
	}
	taken, err := p.take(rec, start, end)
	if taken {
		p.expect(start)
	}
	return err
}

// take takes a record into the result of its pane, unless it cannot be: it is put aside then.
func (p *windowing[K, V, A]) take(rec *topology.Record[K, V], start, end int64) (taken bool, err error) {
	old, err := p.rows.read(Windowed[K]{Key: rec.Key, Start: start, End: end})
	if err != nil {
		return false, p.refused(rec, err)
	}
	result, err := p.fold(old.result, old.found, rec)
	if err != nil {
		p.reject(rec, ReasonFailed, err)
		return false, nil
	}
	if err := p.rows.write(result, p.StreamTime()); err != nil {
		return false, p.refused(rec, err)
	}
	if len(p.rows.changed) > 0 {
		p.owe()
	}
	return true, nil
}

// lateFor sends a record to the late topic with the last of its windows that is closed, and says
// whether all of them are.
func (p *windowing[K, V, A]) lateFor(rec *topology.Record[K, V], pane int64) bool {
	first, last := p.windows(pane)
	if p.closes(first) > p.StreamTime() {
		return false
	}
	closed := last
	for p.closes(closed) > p.StreamTime() {
		closed -= p.advance
	}
	p.late(rec, closed, closed+p.size)
	return closed == last
}

// flush forwards the results of open windows that are listed as changed.
func (p *windowing[K, V, A]) flush() error {
	p.rows.since = p.since
	return p.rows.eachChanged(p.forward)
}

func (p *windowing[K, V, A]) forward(key Windowed[K], row row[A]) error {
	p.next.Key, p.next.Value, p.next.Time = key, row.result, key.End-1
	return p.out(&p.next)
}

// forwardMerged forwards the window that a slider stands over; its key is set.
func (p *windowing[K, V, A]) forwardMerged(over *slider[A], start int64) error {
	result, ok := over.result()
	if !ok {
		return nil
	}
	p.next.Key.Start, p.next.Key.End = start, start+p.size
	p.next.Value, p.next.Time = result, start+p.size-1
	return p.out(&p.next)
}

// close forwards and deletes the rows of the windows that stream time has passed.
func (p *windowing[K, V, A]) close(now int64) error {
	p.closing = p.closing[:0]
	from := p.first
	p.first = math.MaxInt64
	err := eachRow(p.rows.table, windowedHead, appendWindow(nil, from), func(key, _ []byte) bool {
		start, end := windowOf(key)
		if p.due(end) > now {
			p.expect(start)
			return false
		}
		p.closing = appendBytes(p.closing, key)
		return true
	})
	if err != nil {
		return err
	}
	var last []byte
	for key := range eachBytes(p.closing) {
		if err := p.closeRow(key); err != nil {
			return err
		}
		last = key
	}
	p.trim(last)
	return nil
}

// trim deletes the rows of all panes up to that of a key.
func (p *windowing[K, V, A]) trim(last []byte) {
	if last == nil {
		return
	}
	start, _ := windowOf(last)
	p.below = appendWindow(p.below[:0], start+1)
	p.rows.table.Trim(p.below)
}

// closeRow forwards the last word of a row: the final result, or without OnClose a change that has
// not been forwarded yet.
func (p *windowing[K, V, A]) closeRow(key []byte) error {
	row, err := p.rows.load(key)
	if err != nil {
		return err
	}
	if p.emit&OnClose == 0 && !p.rows.listed(row, p.rows.table.Changed(key)) {
		return nil
	}
	if err := p.rows.keys.Parse(key, &p.rows.out); err != nil {
		return misread(p.name, key, err)
	}
	return p.forward(p.rows.out, row)
}
