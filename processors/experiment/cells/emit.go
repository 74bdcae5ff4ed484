package cells

import (
	"fmt"
	"slices"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/topology"
)

// touch lists a run as one with something to send.
func (p *processor) touch(r *run) {
	if !r.listed {
		r.listed = true
		p.changed = append(p.changed, r)
	}
}

// emit sends what has changed and is due by wall time, and has the wall-clock timer call it again for the rest.
func (p *processor) emit() error {
	next, kept := int64(topology.Never), p.changed[:0]
	for _, r := range p.changed {
		due, err := p.emitRun(r)
		if err != nil {
			return fmt.Errorf("cells: emit %s run %d: %w", r.name, r.number, err)
		}
		if r.listed = due != topology.Never; r.listed {
			kept = append(kept, r)
			next = min(next, due)
		}
	}
	p.changed = kept
	p.wall.At(next)
	return nil
}

// emitRun sends the due records of one run and says when the next ones are, Never where nothing is left.
func (p *processor) emitRun(r *run) (due int64, err error) {
	due = topology.Never
	wall := p.ctx.WallTime()
	if r.unsent && !p.awaitsClose(r) {
		if wait := left(wall, r.totalAt, r.totalEvery); wait > 0 {
			due = min(due, wall+wait)
		} else if err := p.emitTotal(r); err != nil {
			return due, err
		}
	}
	if r.closed, err = p.emitWindows(r, r.closed); err != nil {
		return due, err
	}
	if p.cfg.OnClose {
		r.open = slices.DeleteFunc(r.open, p.isOpen)
	}
	if len(r.open) == 0 {
		return due, nil
	}
	if wait := left(wall, r.windowsAt, p.cfg.WindowsEvery); wait > 0 {
		return min(due, wall+wait), nil
	}
	r.windowsAt = wall
	r.open, err = p.emitWindows(r, r.open)
	return due, err
}

// awaitsClose says whether the total waits for the close of a pane that has changed.
func (p *processor) awaitsClose(r *run) bool {
	return r.closing != 0 && p.cfg.OnClose && p.ctx.StreamTime() < r.closing
}

// isOpen says whether a window is yet to close, which has its record sent.
func (p *processor) isOpen(w window) bool { return w.start+windowLength(w.grain) > p.ctx.StreamTime() }

// left is how long to wait until a distance from the last time is kept; a clock that went back does not wait.
func left(wall, last, every int64) int64 {
	if wall < last {
		return 0
	}
	return max(0, last+every-wall)
}

func (p *processor) emitTotal(r *run) error {
	if err := p.loadTotal(r); err != nil {
		return err
	}
	asOf, closed := AsOf(&r.entry, r.reflected(p.ctx.StreamTime()), max(p.total.last, p.total.ripe))
	segments, err := p.loadSegments(r)
	if err != nil {
		return err
	}
	in := TotalInput{Entry: &r.entry, Sums: whole(p.total.sums, segments), Watch: &p.total.watch, AsOf: asOf, Closed: closed, kept: &r.figures}
	rec := Total(in)
	rec.MaturedLate = p.total.late
	if err := p.publish(rec); err != nil {
		return err
	}
	if err := p.emitSegments(r, in, segments); err != nil {
		return err
	}
	p.total.unsent, r.unsent, r.totalAt, r.closing = false, false, p.ctx.WallTime(), 0
	return p.putTotal(r)
}

// emitWindows sends the records of changed windows and gives the emptied list back.
func (p *processor) emitWindows(r *run, windows []window) ([]window, error) {
	for _, w := range windows {
		known, err := p.loadWindow(w)
		if err != nil {
			return windows, err
		}
		if !known || !p.window.unsent {
			continue // expired, or sent as closed
		}
		if err := p.emitWindow(r, w); err != nil {
			return windows, err
		}
	}
	return windows[:0], nil
}

// emitWindow sends the record of the window in the scratch; of an empty one there is none.
func (p *processor) emitWindow(r *run, w window) error {
	panes, err := p.panesOf(r, w)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(panes, func(d experiment.PaneDelta) bool { return !emptyPane(&d) }) {
		if p.window.sent {
			p.tombstone(w)
		}
		p.table.Delete(p.key)
		return nil
	}
	rec := Window(WindowInput{
		Entry: &r.entry, Grain: w.grain, Start: w.start, End: w.start + windowLength(w.grain), Watermark: p.ctx.StreamTime(), Panes: panes,
	})
	if err := p.publish(rec); err != nil {
		return err
	}
	p.window.unsent, p.window.sent = false, true
	return p.saveWindow(w)
}

// panesOf is what the window in the scratch holds; the row of a sliding one holds nothing.
func (p *processor) panesOf(r *run, w window) ([]experiment.PaneDelta, error) {
	if slideOf(r.slides, w.grain) == nil {
		return p.window.sums.Panes, nil
	}
	err := p.gather(r, w)
	return p.slid.Panes, err
}

func (p *processor) publish(rec *result.Record) error {
	return p.send(&topology.Record[string, *result.Record]{Key: rec.Key(), Value: rec, Time: rec.AsOf})
}

// statsKey is the key of a window's record.
func statsKey(w window) string { return result.WindowKey(w.experiment, w.grain, w.start) }
