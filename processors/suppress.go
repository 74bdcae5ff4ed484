package processors

import (
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// Suppress holds the updates of windows back and forwards the last one of each when its window
// closes: when stream time has passed its end plus the grace, a whole number of ms, and the task
// commits. For sessions the grace is that of the sessions and their gap. A tombstone drops what is
// held. An update of a window that has been forwarded is late: less grace than the windows above
// have is a fault, unless topology.WithCodecs between them says that it is meant.
//
// What is held lies in the store of the name, ordered by end: memory is that of a cache, however
// many windows there are. A commit forwards about 4 MiB of them at most, and the next ones the rest.
func Suppress[K, V any](in topology.Stream[Windowed[K], V], name string, grace time.Duration) topology.Stream[Windowed[K], V] {
	if grace < 0 || grace%time.Millisecond != 0 {
		topology.BuilderOf(in).Fault("node %q: its grace is %s; it must be a whole number of ms", name, grace)
	}
	_, value := topology.Codecs(in)
	in = grouped(in, name, value)
	key, _ := topology.Codecs(in)
	windowed, ok := key.(WindowedCodec[K])
	if key != nil && !ok {
		topology.BuilderOf(in).Fault("node %q: the codec of its key is not a WindowedCodec; set it on the stream above by topology.WithCodecs", name)
	}
	if least := time.Duration(windowed.closes) * time.Millisecond; grace >= 0 && grace < least {
		topology.BuilderOf(in).Fault("node %q: its grace is %s, but the windows above close %s after their ends: what they forward until then would be late here; give it that", name, grace, least)
	}
	store := topology.Store{Name: name, Layout: topology.LayoutOf("updates by the ends of their windows", key, value)}
	needs := topology.Needs{Stores: []topology.Store{store}}
	final := topology.Process(in, name, needs, func(out topology.Forward[Windowed[K], V]) topology.Processor[Windowed[K], V] {
		return &suppressing[K, V]{
			aside: newAside(in, name), grace: grace.Milliseconds(), out: out,
			rows: rows[Windowed[K], V]{keys: endingCodec[K]{windowed}, values: value, silent: true},
		}
	})
	final = topology.Reach(topology.KeepKeys(final), grace.Milliseconds()+1)
	return topology.WithCodecs(final, key, value)
}

// suppressBytes is how much a commit forwards.
const suppressBytes = 4 << 20

// suppressing is a node that keeps the last update of each window until it closes.
//
// Invariant (flush decides): windows close at the flush of a commit. Nodes above have flushed
// before, so that updates of theirs which stream time has overtaken since are not late.
type suppressing[K, V any] struct {
	aside[Windowed[K], V]
	grace int64
	rows  rows[Windowed[K], V]
	out   topology.Forward[Windowed[K], V]
	next  topology.Record[Windowed[K], V]

	closed  int64           // windows due at this stream time or before are closed
	first   int64           // no row's window ends before it
	timer   *topology.Timer // there is something to close
	more    *topology.Timer // a commit has not forwarded all
	hold    *topology.Hold
	closing []byte // keys of the rows to forward: uvarint length, key
}

func (p *suppressing[K, V]) Init(ctx topology.Context) error {
	p.rows.table, p.closed, p.first = ctx.Table(p.name), ctx.StreamTime(), topology.Never
	wake := func(int64) error { return nil } // to commit is enough
	p.timer, p.more, p.hold = ctx.OnStreamTime(wake), ctx.OnWallClock(wake), ctx.Hold()
	ctx.OnFlush(p.flush)
	ctx.SetGrace(p.grace)
	if err := p.aside.Init(ctx); err != nil {
		return err
	}
	return eachRow(p.rows.table, windowedHead, nil, func(key, _ []byte) bool {
		p.expect(endOf(key))
		return false
	})
}

// expect tells when a window that ends then is to be closed.
func (p *suppressing[K, V]) expect(end int64) {
	p.first = min(p.first, end)
	if due := end + p.grace; due > p.StreamTime() {
		p.timer.Sooner(due)
		return
	}
	p.hold.At = min(p.hold.At, end-1)
	p.more.At(p.WallTime() + 1)
}

func (p *suppressing[K, V]) Process(rec *topology.Record[Windowed[K], V]) error {
	if p.skipsKeyless(rec) {
		return nil
	}
	if rec.Key.End+p.grace <= p.closed {
		if !rec.Tombstone {
			p.late(rec, rec.Key.Start, rec.Key.End)
		}
		return nil
	}
	held, err := p.rows.read(rec.Key)
	if err != nil {
		return p.refused(rec, err)
	}
	if rec.Tombstone {
		if held.found {
			p.rows.table.Delete(p.rows.key)
		}
		return nil
	}
	p.first = min(p.first, rec.Key.End)
	p.timer.Sooner(rec.Key.End + p.grace)
	return p.refused(rec, p.rows.write(rec.Value, 0))
}

// flush forwards the windows that stream time has passed, the earliest first.
func (p *suppressing[K, V]) flush() error {
	p.closed = p.StreamTime()
	if p.first == topology.Never || p.first+p.grace > p.closed {
		return nil
	}
	p.first, p.hold.At, p.closing = topology.Never, topology.Never, p.closing[:0]
	size := 0
	err := eachRow(p.rows.table, windowedHead, nil, func(key, value []byte) bool {
		if end := endOf(key); end+p.grace > p.closed || size >= suppressBytes {
			p.expect(end)
			return false
		}
		size += len(key) + len(value)
		p.closing = appendBytes(p.closing, key)
		return true
	})
	if err != nil {
		return err
	}
	for key := range eachBytes(p.closing) {
		if err := p.forward(key); err != nil {
			return err
		}
	}
	return nil
}

// forward forwards a row and deletes it.
func (p *suppressing[K, V]) forward(key []byte) error {
	held, err := p.rows.load(key)
	if err != nil {
		return err
	}
	if err := p.rows.keys.Parse(key, &p.next.Key); err != nil {
		return misread(p.name, key, err)
	}
	p.next.Value, p.next.Time = held.result, p.next.Key.End-1
	p.rows.table.Delete(key)
	return p.out(&p.next)
}

// endingCodec is the codec of windowed keys in the order of end, start, key.
type endingCodec[K any] struct{ WindowedCodec[K] }

var _ codecs.Codec[Windowed[string]] = endingCodec[string]{}

// Append appends the windowed key with its times exchanged.
func (c endingCodec[K]) Append(dst []byte, w Windowed[K]) ([]byte, error) {
	w.Start, w.End = w.End, w.Start
	return c.WindowedCodec.Append(dst, w)
}

// Parse reads what Append appends.
func (c endingCodec[K]) Parse(data []byte, w *Windowed[K]) error {
	err := c.WindowedCodec.Parse(data, w)
	w.Start, w.End = w.End, w.Start
	return err
}

// Encode is Append for an untyped value.
func (c endingCodec[K]) Encode(value any) ([]byte, error) { return codecs.EncodeAny(c, value) }

// Decode returns a Windowed[K].
func (c endingCodec[K]) Decode(data []byte) (any, error) { return codecs.DecodeAny(c, data) }

// endOf is the end in a key of endingCodec.
func endOf(key []byte) int64 {
	end, _ := windowOf(key)
	return end
}
