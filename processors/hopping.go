package processors

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// hopping is a node that keeps one result per key and pane, and merges windows from panes when it
// forwards them.
//
// Invariant (closed is final): panes take records while one of their windows is open, and windows
// that close are forwarded before the record that closes them is taken.
type hopping[K, V, A any] struct {
	windowing[K, V, A]
	inner  codecs.Codec[K]
	merged slider[A]
	closed int64    // stream time up to which windows are closed
	owed   []window // to be forwarded
	keys   []byte   // of those windows
	loaded []byte   // rows of the panes at hand, for results to alias
}

// window is a window of a key that hopping.keys holds.
type window struct {
	from, to int // of the key's bytes
	start    int64
}

func (p *hopping[K, V, A]) Init(ctx topology.Context) error {
	p.closed = ctx.StreamTime()
	p.timer = ctx.OnStreamTime(p.close)
	p.emission.start(ctx, p.panes, p.flush)
	return p.restore(ctx)
}

// Process takes a record; windows that are closed by now it does not change.
func (p *hopping[K, V, A]) Process(rec *topology.Record[K, V]) error {
	p.closed = p.StreamTime()
	return p.windowing.Process(rec)
}

// flush forwards the open windows of the panes that are listed as changed.
func (p *hopping[K, V, A]) flush() error {
	p.oweChanged(p.StreamTime(), math.MaxInt64)
	p.rows.since, p.rows.changed = p.since, p.rows.changed[:0]
	return p.forwardOwed()
}

// oweChanged owes the windows of changed panes that close after one stream time and up to another.
func (p *hopping[K, V, A]) oweChanged(after, upTo int64) {
	for key := range eachBytes(p.rows.changed) {
		p.oweWindows(key, after, upTo)
	}
}

// oweWindows owes those of one pane.
func (p *hopping[K, V, A]) oweWindows(pane []byte, after, upTo int64) {
	at, _ := windowOf(pane)
	from := len(p.keys)
	p.keys = append(p.keys, pane[windowedHead:]...)
	first, last := p.windows(at)
	for start := first; start <= last; start += p.advance {
		if due := p.closes(start); due > after && due <= upTo {
			p.owed = append(p.owed, window{from, len(p.keys), start})
		}
	}
}

// close forwards the windows that stream time has passed, the final results or without OnClose the
// changes not forwarded yet, and deletes the panes that lie in no other.
func (p *hopping[K, V, A]) close(now int64) error {
	if p.emit&OnClose == 0 {
		p.oweChanged(p.closed, now)
	}
	p.closing = p.closing[:0]
	from := p.first
	p.first = math.MaxInt64
	err := eachRow(p.rows.table, windowedHead, appendWindow(nil, from), func(key, _ []byte) bool {
		pane, _ := windowOf(key)
		first, last := p.windows(pane)
		if p.closes(last) <= now {
			p.closing = appendBytes(p.closing, key)
		} else {
			p.expect(pane)
		}
		if p.closes(first) > now {
			return false
		}
		if p.emit&OnClose != 0 {
			p.oweWindows(key, p.closed, now)
		}
		return true
	})
	if err != nil {
		return err
	}
	p.closed = now
	if err := p.forwardOwed(); err != nil {
		return err
	}
	var last []byte
	for key := range eachBytes(p.closing) {
		last = key
	}
	p.trim(last)
	return nil
}

// forwardOwed merges and forwards what is owed, each window once, by key and start.
func (p *hopping[K, V, A]) forwardOwed() error {
	slices.SortFunc(p.owed, func(a, b window) int {
		return cmp.Or(bytes.Compare(p.keys[a.from:a.to], p.keys[b.from:b.to]), cmp.Compare(a.start, b.start))
	})
	var key []byte
	var next int64 // the pane to load
	for i, w := range p.owed {
		again := i > 0 && bytes.Equal(key, p.keys[w.from:w.to])
		if again && w.start == p.owed[i-1].start {
			continue
		}
		if key = p.keys[w.from:w.to]; !again {
			next = w.start
			p.merged.reset()
			p.loaded = p.loaded[:0]
			if err := p.inner.Parse(key, &p.next.Key.Key); err != nil {
				return misread(p.name, key, err)
			}
		}
		next = max(next, w.start)
		for ; next < w.start+p.size; next += p.pane {
			if err := p.load(key, next); err != nil {
				return err
			}
		}
		p.merged.evict(w.start)
		if err := p.forwardMerged(&p.merged, w.start); err != nil {
			return err
		}
	}
	p.owed, p.keys = p.owed[:0], p.keys[:0]
	return nil
}

// load adds a pane to the window at hand, if the key has it.
func (p *hopping[K, V, A]) load(key []byte, start int64) error {
	r := &p.rows
	r.key = append(appendPane(r.key[:0], start, start+p.pane), key...)
	stored, ok, err := r.table.Get(r.key)
	if err != nil || !ok {
		return err
	}
	// Earlier results alias what was loaded before; growing leaves it in place.
	from := len(p.loaded)
	p.loaded = append(p.loaded, stored...)
	r.row = row[A]{}
	if err := r.parse(p.loaded[from:len(p.loaded):len(p.loaded)]); err != nil {
		return misread(p.name, r.key, err)
	}
	p.merged.push(start, r.row.result)
	return nil
}
