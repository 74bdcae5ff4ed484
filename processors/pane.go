package processors

import (
	"math"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// aggregateWindows declares a node that keeps one result per key and window.
func aggregateWindows[K, V, A any](in Windows[K, V], name string, codec codecs.Codec[A], f fold[K, V, A]) topology.Stream[Windowed[K], A] {
	if in.fault != "" {
		topology.BuilderOf(in.stream).Fault("node %q: %s", name, in.fault)
	}
	stream := grouped(in.stream, name, codec)
	inner, _ := topology.Codecs(stream)
	key := WindowedCodec[K]{Key: inner}
	needs := topology.Needs{Stores: []topology.Store{{Name: name, Windowed: true}}}
	updates := topology.Process(stream, name, needs, func(out topology.Forward[Windowed[K], A]) topology.Processor[K, V] {
		return &windowing[K, V, A]{
			aside: newAside(stream, name), panes: in.panes, fold: f, out: out, first: math.MaxInt64,
			rows: rows[Windowed[K], A]{keys: key, values: codec, silent: in.panes.emit&OnUpdate == 0},
		}
	})
	updates = topology.Reach(topology.KeepKeys(updates), in.panes.size+in.panes.grace)
	return topology.WithCodecs(updates, codecs.Codec[Windowed[K]](key), codec)
}

// windowing is a node that keeps one result per key and window.
//
// Invariant (closed is gone): no row's window has end + grace <= stream time. A record for such a
// window is late, and the timer deletes rows at that very time.
type windowing[K, V, A any] struct {
	aside[K, V]
	panes
	fold fold[K, V, A]
	rows rows[Windowed[K], A]
	out  topology.Forward[Windowed[K], A]
	next topology.Record[Windowed[K], A]

	timer   *topology.Timer
	first   int64  // no row's window starts before it
	closing []byte // keys of the rows to close: uvarint length, key
}

func (p *windowing[K, V, A]) Init(ctx topology.Context) error {
	p.rows.table = ctx.Table(p.name)
	p.timer = ctx.OnStreamTime(p.close)
	ctx.SetGrace(p.grace) // results of open windows are still to come with times of end - 1
	if p.emit&OnUpdate != 0 {
		ctx.OnFlush(p.flush)
	}
	if err := p.aside.Init(ctx); err != nil {
		return err
	}
	return p.rows.table.Scan(nil, nil, func(key, _ []byte) bool {
		start, end := windowOf(key)
		p.expect(start, end)
		return false
	})
}

// expect sets the timer for a window that has rows.
func (p *windowing[K, V, A]) expect(start, end int64) {
	p.first = min(p.first, start)
	p.timer.Sooner(p.due(end))
}

func (p *windowing[K, V, A]) Process(rec *topology.Record[K, V]) error {
	start, end := p.of(rec.Time)
	if p.due(end) <= p.StreamTime() {
		p.late(rec, start, end)
		return nil
	}
	old, err := p.rows.read(Windowed[K]{Key: rec.Key, Start: start, End: end})
	if err != nil {
		return p.refused(rec, err)
	}
	result, err := p.fold(old.result, old.found, rec)
	if err != nil {
		p.reject(rec, ReasonFailed, err)
		return nil
	}
	if err := p.rows.write(result, 0); err != nil {
		return p.refused(rec, err)
	}
	p.expect(start, end)
	return nil
}

// flush forwards the results of open windows that changed since the last commit.
func (p *windowing[K, V, A]) flush() error {
	return p.rows.eachChanged(p.forward)
}

func (p *windowing[K, V, A]) forward(key Windowed[K], row row[A]) error {
	p.next.Key, p.next.Value, p.next.Time = key, row.result, key.End-1
	return p.out(&p.next)
}

// close forwards and deletes the rows of the windows that stream time has passed.
func (p *windowing[K, V, A]) close(now int64) error {
	p.closing = p.closing[:0]
	from := p.first
	p.first = math.MaxInt64
	err := p.rows.table.Scan(appendWindow(nil, from), nil, func(key, _ []byte) bool {
		start, end := windowOf(key)
		if p.due(end) > now {
			p.expect(start, end)
			return false
		}
		p.closing = appendBytes(p.closing, key)
		return true
	})
	if err != nil {
		return err
	}
	for rest := p.closing; len(rest) > 0; {
		var key []byte
		key, rest = cutBytes(rest)
		if err := p.closeRow(key); err != nil {
			return err
		}
	}
	return nil
}

// closeRow deletes a row after its last word: the final result, or with OnUpdate alone an update
// that no commit has forwarded yet.
func (p *windowing[K, V, A]) closeRow(key []byte) error {
	row, err := p.rows.load(key)
	if err != nil {
		return err
	}
	clean := p.rows.clean()
	p.rows.table.Delete(key)
	if p.emit&OnClose == 0 && p.rows.clean() != clean {
		return nil
	}
	if err := p.rows.keys.Parse(key, &p.rows.out); err != nil {
		return err
	}
	return p.forward(p.rows.out, row)
}
