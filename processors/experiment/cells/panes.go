package cells

import (
	"fmt"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// addPanes puts the panes of a delta into the windows that hold them, and keeps the end of the latest pane that is not empty.
func (p *processor) addPanes(r *run, d *experiment.Delta) error {
	emptied := false
	for i := range d.Panes {
		for _, name := range r.grains {
			start := floor(d.Panes[i].Start, name.length)
			gone, err := p.addToWindow(r, r.grainAt(name, start), &d.Panes[i])
			if err != nil {
				return err
			}
			emptied = emptied || gone
		}
		if err := p.slideOver(r, d.Panes[i].Start); err != nil {
			return err
		}
	}
	if !emptied {
		return nil
	}
	return p.findLast(r)
}

// addToWindow adds one pane to the window of a grain; emptied says that the latest pane of the experiment is empty now.
func (p *processor) addToWindow(r *run, g grain, pane *experiment.PaneDelta) (emptied bool, err error) {
	w := r.window(g.name, floor(pane.Start, g.length))
	end, now := w.start+g.length, p.ctx.StreamTime()
	base, expired := g.length == second, end+g.retention <= now
	if expired && g.published {
		p.ctx.Count(CountExpired, 1)
	}
	if expired && !base {
		return false, nil
	}
	known, err := p.loadWindow(w)
	if err != nil {
		return false, err
	}
	if !known {
		p.watch(w, end, end+g.retention)
		if base {
			p.keep(r, w)
		}
	}
	addPane(p.window.sums, pane, w.start)
	empty := p.window.empty()
	if base && !empty {
		p.total.last = max(p.total.last, end)
	}
	if base && end > now && (r.closing == 0 || end < r.closing) {
		r.closing = end
	}
	if g.published && !expired && !p.window.unsent {
		p.window.unsent = true
		r.open = append(r.open, w)
		p.touch(r)
	}
	if empty && g.published && end <= now {
		p.alarm = appendWindowKey(p.alarm[:0], scheduleRows, w)
		p.table.Delete(p.alarm) // there is no closed window any more
	}
	if empty && !p.window.sent {
		p.table.Delete(p.key)
	} else if err := p.saveWindow(w); err != nil {
		return false, err
	}
	return base && empty && end == p.total.last, nil
}

// findLast looks for the latest pane that is not empty among the rows that are left.
func (p *processor) findLast(r *run) error {
	p.total.last = 0
	var bad error
	from := append(appendRunKey(nil, windowRows, r.name, r.number), "|"+baseGrain+"|"...)
	err := p.table.Scan(from, after(from), func(key, row []byte) bool {
		if bad = p.window.parse(row); bad != nil {
			return false
		}
		if w, ok := parseWindowKey(key); ok && !p.window.empty() {
			p.total.last = w.start + second
		}
		return true
	})
	if err != nil {
		return err
	}
	return bad
}

// loadWindow reads the row of a window into the scratch, and leaves its key in p.key; a new one where there is none.
func (p *processor) loadWindow(w window) (known bool, err error) {
	p.key = appendWindowKey(p.key[:0], windowRows, w)
	row, ok, err := p.table.Get(p.key)
	if err != nil {
		return false, err
	}
	if !ok {
		p.window.reset()
		return false, nil
	}
	return true, p.window.parse(row)
}

func (p *processor) saveWindow(w window) (err error) {
	p.key = appendWindowKey(p.key[:0], windowRows, w)
	if p.row, err = p.window.append(p.row[:0]); err != nil {
		return fmt.Errorf("cells: window %s of %s at %d: %w", w.grain, w.experiment, w.start, err)
	}
	p.table.Put(p.key, p.row)
	return nil
}
