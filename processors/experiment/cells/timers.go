package cells

import "github.com/abacus-stream/abacus/topology"

// Kinds of timers: the first byte of their keys; the rest is the window as in the key of its row. Of timers due at the
// same time closing comes first.
const (
	closeTimer  = 'c'
	expireTimer = 'e'
	ripeTimer   = 'm'
)

// panesKept is how many panes keep their rows whatever their age, so that the latest that is not empty stays known when
// some are emptied.
const panesKept = 64

// watch sets the timers of a window that has got its row.
func (p *processor) watch(w window, end, expiry int64) {
	if end > p.ctx.StreamTime() {
		p.alarm = appendWindowKey(p.alarm[:0], closeTimer, w)
		p.timers.Add(end, p.alarm)
	}
	p.alarm = appendWindowKey(p.alarm[:0], expireTimer, w)
	p.timers.Add(expiry, p.alarm)
	p.arm()
}

// keep has a pane swept once no sliding window needs it any more.
func (p *processor) keep(r *run, w window) {
	if len(r.slides) == 0 {
		return
	}
	p.alarm = appendWindowKey(p.alarm[:0], expireTimer, w)
	p.timers.Add(plus(w.start+second, r.keptFor(w.start)), p.alarm)
	p.arm()
}

// arm makes the context's timer fire with the first of ours.
func (p *processor) arm() {
	if due, ok := p.timers.Next(); ok {
		p.stream.At(due)
	}
}

// fire closes and expires what the watermark has passed.
func (p *processor) fire(now int64) error {
	for {
		due, ok := p.timers.Next()
		if !ok || due > now {
			break
		}
		key, _, _ := p.timers.Pop()
		kind := key[0]
		w, ok := parseWindowKey(key)
		r := p.runs[w.experiment]
		if !ok || r == nil || r.number != w.run {
			continue // of a run that is over: its rows are gone
		}
		if err := p.pass(r, w, kind); err != nil {
			return err
		}
	}
	p.arm()
	return p.sweepAll()
}

// sweepAll does what the expiry of panes left to do, once however many there were.
func (p *processor) sweepAll() error {
	for _, r := range p.unswept {
		if err := p.sweep(r); err != nil {
			return err
		}
	}
	p.unswept = p.unswept[:0]
	return nil
}

// pass handles one window whose time has come.
func (p *processor) pass(r *run, w window, kind byte) error {
	switch {
	case kind == ripeTimer:
		return p.foldAll(r)
	case kind == closeTimer && slideOf(r.slides, w.grain) != nil:
		return p.closeSlide(r, w)
	}
	known, err := p.loadWindow(w)
	if err != nil {
		return err
	}
	g := r.grainAt(grainName{w.grain, windowLength(w.grain)}, w.start)
	if kind == expireTimer {
		return p.expire(r, w, g, known)
	}
	if g.length == second && (known && w.start+second == r.last || p.cfg.OnClose && r.unsent) {
		if err := p.loadTotal(r); err != nil {
			return err
		}
		if err := p.saveTotal(r); err != nil {
			return err
		}
	}
	if !known || !g.published {
		return nil
	}
	return p.close(r, w)
}

// close writes the window into the close schedule and has its closed record sent with the next flush.
func (p *processor) close(r *run, w window) error {
	p.window.unsent = true
	if err := p.saveWindow(w); err != nil {
		return err
	}
	r.closed = append(r.closed, w)
	p.touch(r)
	if p.window.empty() {
		return nil // its record is about to be removed
	}
	p.schedule(w)
	return nil
}

// schedule writes the close of a window down.
func (p *processor) schedule(w window) {
	offset := int64(-1)
	if p.cfg.Deltas != nil {
		offset = p.ctx.NextOffset(p.cfg.Deltas.Topic)
	}
	p.key = appendWindowKey(p.key[:0], scheduleRows, w)
	p.row = appendClose(p.row[:0], p.ctx.StreamTime(), offset)
	p.table.Put(p.key, p.row)
}

// expire removes a window whose retention has passed. A pane near the latest one keeps its row.
func (p *processor) expire(r *run, w window, g grain, known bool) error {
	if known && p.window.sent {
		p.tombstone(w)
	}
	if g.published {
		p.table.Delete(appendWindowKey(p.key[:0], scheduleRows, w))
	}
	base := w.grain == baseGrain // a pane keeps its row until it is swept
	switch {
	case known && (!base || p.window.empty()):
		p.table.Delete(appendWindowKey(p.key[:0], windowRows, w))
	case known && (p.window.sent || p.window.unsent):
		p.window.sent, p.window.unsent = false, false
		if err := p.saveWindow(w); err != nil {
			return err
		}
	}
	if base && !r.unswept {
		r.unswept = true
		p.unswept = append(p.unswept, r)
	}
	return nil
}

// sweep removes the rows of expired panes but the latest ones.
func (p *processor) sweep(r *run) error {
	r.unswept = false
	now, n := p.ctx.StreamTime(), 0
	doomed := map[int][]byte{} // by place
	from := append(appendRunKey(nil, windowRows, r.name, r.number), "|"+baseGrain+"|"...)
	err := p.table.Scan(from, after(from), func(key, _ []byte) bool {
		w, ok := parseWindowKey(key)
		if ok && plus(w.start+second, r.keptFor(w.start)) <= now {
			doomed[n] = append([]byte(nil), key...)
		}
		n++
		return true
	})
	for at := range n - panesKept {
		if key, ok := doomed[at]; ok {
			p.table.Delete(key)
		}
	}
	return err
}

// tombstone removes the record of a window from the stats topic.
func (p *processor) tombstone(w window) {
	p.ctx.Send(p.cfg.Stats.Node().Index(), topology.Encoded{Key: []byte(statsKey(w)), Time: w.start, Partition: -1})
}
