package processors

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// sliding is a node that keeps one result per key and millisecond that has records, its panes, and
// merges windows from panes when it forwards them.
//
// Invariant (a pane has its timers): one when the window that it ends closes, unless that is
// closed, and one when the window behind it closes, at which it is deleted.
type sliding[K, V, A any] struct {
	windowing[K, V, A]
	inner  codecs.Codec[K]
	merged slider[A]
	closed int64 // stream time up to which windows are closed
	shut   int64 // windows that end by it were closed under less grace, and stay so
	timers state.Timers

	keys    []byte   // what the two below point into
	changes []window // panes listed as changed, by key and start
	closes  []window // keys whose windows close
	times   []int64  // the panes at hand
	values  []A
	loaded  []byte // their rows, for results to alias
}

func (p *sliding[K, V, A]) Init(ctx topology.Context) error {
	p.rows.table, p.closed, p.shut = ctx.Table(p.name), ctx.StreamTime(), ctx.Closed(p.name)
	p.timer = ctx.OnStreamTime(p.close)
	p.emission.start(ctx, p.panes, p.flush)
	p.rows.since = p.since
	ctx.SetGrace(p.grace) // results of open windows are still to come with times of end - 1
	if err := p.aside.Init(ctx); err != nil {
		return err
	}
	return eachRow(p.rows.table, paneTail+1, nil, func(key, value []byte) bool {
		p.expectPane(key)
		p.oweStored(key, value)
		return true
	})
}

// due is the stream time at which a window closes.
func (p *sliding[K, V, A]) due(end int64) int64 {
	if end <= p.shut {
		return math.MinInt64
	}
	return p.panes.due(end)
}

// expectPane sets the timers of a pane.
func (p *sliding[K, V, A]) expectPane(row []byte) {
	key, at := cutTime(row)
	for _, end := range [...]int64{at + 1, at + 1 + p.size} {
		if due := p.due(end); due > p.StreamTime() {
			p.timers.Add(due, key)
			p.timer.Sooner(due)
		}
	}
}

func (p *sliding[K, V, A]) Process(rec *topology.Record[K, V]) error {
	p.closed = p.StreamTime()
	if p.skips(rec) {
		return nil
	}
	end := rec.Time + 1
	if p.due(end) <= p.closed {
		p.late(rec, end-p.size, end)
		if p.due(rec.Time+p.size) <= p.closed {
			return nil
		}
	}
	taken, err := p.take(rec, rec.Time, end)
	if taken && !p.rows.row.found {
		p.expectPane(p.rows.key)
	}
	return err
}

// flush forwards the open windows of the panes that are listed as changed.
func (p *sliding[K, V, A]) flush() error {
	p.listChanges()
	p.rows.since, p.rows.changed = p.since, p.rows.changed[:0]
	for rest := p.changes; len(rest) > 0; {
		var of []window
		of, rest = p.cutKey(rest)
		first, last := of[0], of[len(of)-1]
		if err := p.load(p.keys[first.from:first.to], first.start-p.size, last.start+1+p.size); err != nil {
			return err
		}
		if err := p.slide(of, p.StreamTime(), math.MaxInt64, false); err != nil {
			return err
		}
	}
	return nil
}

// listChanges sorts the panes that are listed as changed.
func (p *sliding[K, V, A]) listChanges() {
	p.keys, p.changes = p.keys[:0], p.changes[:0]
	for row := range eachBytes(p.rows.changed) {
		key, at := cutTime(row)
		from := len(p.keys)
		p.keys = append(p.keys, key...)
		p.changes = append(p.changes, window{from, len(p.keys), at})
	}
	slices.SortFunc(p.changes, p.compare)
}

func (p *sliding[K, V, A]) compare(a, b window) int {
	return cmp.Or(bytes.Compare(p.keys[a.from:a.to], p.keys[b.from:b.to]), cmp.Compare(a.start, b.start))
}

// cutKey splits off the windows of the first key.
func (p *sliding[K, V, A]) cutKey(all []window) (of, rest []window) {
	n := 1
	for n < len(all) && bytes.Equal(p.keys[all[0].from:all[0].to], p.keys[all[n].from:all[n].to]) {
		n++
	}
	return all[:n], all[n:]
}

// close forwards the windows that stream time has passed, the final results or without OnClose the
// changes not forwarded yet, and deletes the panes that lie in no other.
func (p *sliding[K, V, A]) close(now int64) error {
	p.listChanges()
	p.listClosing(now)
	for rest := p.closes; len(rest) > 0; {
		var of []window
		of, rest = p.cutKey(rest)
		key := p.keys[of[0].from:of[0].to]
		if err := p.load(key, math.MinInt64, now-p.grace); err != nil {
			return err
		}
		from := sort.Search(len(p.changes), func(i int) bool { return bytes.Compare(p.keys[p.changes[i].from:p.changes[i].to], key) >= 0 })
		to := from + sort.Search(len(p.changes)-from, func(i int) bool {
			return bytes.Compare(p.keys[p.changes[from+i].from:p.changes[from+i].to], key) > 0
		})
		if err := p.slide(p.changes[from:to], p.closed, now, p.emit&OnClose != 0); err != nil {
			return err
		}
		for _, at := range p.times {
			if p.due(at+1+p.size) <= now {
				p.rows.key = appendTime(append(p.rows.key[:0], key...), at)
				p.rows.table.Delete(p.rows.key)
			}
		}
	}
	p.closed = now
	return nil
}

// listClosing lists the keys whose timers are due.
func (p *sliding[K, V, A]) listClosing(now int64) {
	p.closes = p.closes[:0]
	for {
		due, ok := p.timers.Next()
		if !ok || due > now {
			if ok {
				p.timer.Sooner(due)
			}
			slices.SortFunc(p.closes, p.compare)
			return
		}
		key, _, _ := p.timers.Pop()
		from := len(p.keys)
		p.keys = append(p.keys, key...)
		p.closes = append(p.closes, window{from, len(p.keys), 0})
	}
}

// load reads the panes of a key with from <= start < to.
func (p *sliding[K, V, A]) load(key []byte, from, to int64) error {
	p.times, p.values, p.loaded = p.times[:0], p.values[:0], p.loaded[:0]
	r := &p.rows
	r.key = appendTime(append(appendTime(append(r.key[:0], key...), from), key...), to)
	half := len(r.key) / 2
	var fault error
	err := r.table.Scan(r.key[:half], r.key[half:], func(row, stored []byte) bool {
		if len(row) != half || !bytes.HasPrefix(row, key) {
			return true // a pane of a longer key
		}
		at := len(p.loaded)
		p.loaded = append(p.loaded, stored...)
		r.row.result = *new(A)
		if fault = r.parse(p.loaded[at:len(p.loaded):len(p.loaded)]); fault != nil {
			fault = misread(p.name, row, fault)
			return false
		}
		_, start := cutTime(row)
		p.times, p.values = append(p.times, start), append(p.values, r.row.result)
		return true
	})
	if err != nil || fault != nil {
		return cmp.Or(err, fault)
	}
	if err := p.inner.Parse(key[1:], &p.next.Key.Key); err != nil {
		return misread(p.name, key, err)
	}
	return nil
}

// slide forwards the windows of the panes at hand that close after one stream time and up to
// another: all, or those that a change is in or has made.
func (p *sliding[K, V, A]) slide(changes []window, after, upTo int64, all bool) error {
	p.merged.reset()
	next := 0
	for ends, begins := 0, 0; begins < len(p.times); {
		start, exists := p.nextStart(p.times, &ends, &begins)
		due := p.due(start + p.size)
		if !exists || due <= after || due > upTo || !all && !p.changed(changes, start) {
			continue
		}
		for ; next < len(p.times) && p.times[next] < start+p.size; next++ {
			if p.times[next] >= start {
				p.merged.push(p.times[next], p.values[next])
			}
		}
		p.merged.evict(start)
		if err := p.forwardMerged(&p.merged, start); err != nil {
			return err
		}
	}
	return nil
}

// changed says whether a window has a changed pane, or begins behind one.
func (p *sliding[K, V, A]) changed(changes []window, start int64) bool {
	i := sort.Search(len(changes), func(i int) bool { return changes[i].start >= start-1 })
	return i < len(changes) && changes[i].start < start+p.size
}
