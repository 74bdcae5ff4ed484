package cells

import (
	"fmt"
	"slices"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// ripen puts the cells of a delta that mature in a pane into the row of that pane, where they wait for the watermark.
func (p *processor) ripen(r *run, d *experiment.Delta) error {
	for cells := d.Cells; len(cells) > 0; {
		n := 1
		for n < len(cells) && cells[n].Ripe == cells[0].Ripe {
			n++
		}
		if cells[0].Ripe != 0 {
			if err := p.ripenPane(r, cells[:n]); err != nil {
				return err
			}
		}
		cells = cells[n:]
	}
	return nil
}

// ripenPane adds cells of one pane to its row. A pane that is folded already takes nothing any more: the one now open does.
func (p *processor) ripenPane(r *run, cells []experiment.CellDelta) error {
	pane := cells[0].Ripe
	if p.total.folded > 0 && pane <= p.total.folded {
		p.ctx.Count(CountLateMaturity, int64(len(cells)))
		p.total.late++
		pane = max(floor(p.ctx.StreamTime(), second), p.total.folded+second)
	}
	w := r.window(baseGrain, pane)
	known, err := p.loadRipe(w)
	if err != nil {
		return err
	}
	if !known {
		at, _ := slices.BinarySearch(r.ripe, pane)
		r.ripe = slices.Insert(r.ripe, at, pane)
		p.alarm = appendWindowKey(p.alarm[:0], ripeTimer, w)
		p.timers.Add(pane+second, p.alarm)
		p.arm()
	}
	for i := range cells {
		c := cells[i]
		c.Bins = nil // live ones
		addCell(p.ripe, &c, 0)
	}
	p.total.ripe = max(p.total.ripe, pane+second)
	if p.row, err = (experiment.DeltaCodec{}).Append(append(p.row[:0], rowLayout), p.ripe); err != nil {
		return fmt.Errorf("cells: pane of maturity %d of %s: %w", pane, r.name, err)
	}
	p.table.Put(p.key, p.row)
	return nil
}

// loadRipe reads the row of a pane of maturity into the scratch, and leaves its key in p.key; a new one where there is none.
func (p *processor) loadRipe(w window) (known bool, err error) {
	p.key = appendWindowKey(p.key[:0], ripeRows, w)
	row, ok, err := p.table.Get(p.key)
	if err != nil {
		return false, err
	}
	if !ok {
		if p.ripe == nil {
			p.ripe = &experiment.Delta{}
		}
		*p.ripe = experiment.Delta{Cells: p.ripe.Cells[:0]}
		return false, nil
	}
	if len(row) == 0 || row[0] != rowLayout {
		return false, fmt.Errorf("cells: pane of maturity %d of %s: %w", w.start, w.experiment, errRow)
	}
	return true, experiment.DeltaCodec{}.Parse(row[1:], &p.ripe)
}

// foldAll folds the panes of maturity that the watermark has passed, and has the total sent.
func (p *processor) foldAll(r *run) error {
	if r.due(p.ctx.StreamTime()) == 0 {
		return nil
	}
	if err := p.loadTotal(r); err != nil {
		return err
	}
	if err := p.fold(r); err != nil {
		return err
	}
	return p.saveTotal(r)
}

// fold adds passed panes in their order to the matured sums of the total in the scratch, and looks at them after each.
//
// Invariant (in order): a pane is folded once, after all before it. So the strongest evidence is a property of the input.
func (p *processor) fold(r *run) error {
	n := 0
	for due := r.due(p.ctx.StreamTime()); n < due; n++ {
		w := r.window(baseGrain, r.ripe[n])
		if _, err := p.loadRipe(w); err != nil {
			return err
		}
		if !r.knows(p.ripe) {
			break // the registry is about to tell of the epoch
		}
		for i := range p.ripe.Cells {
			if c := &p.ripe.Cells[i]; c.Segment == 0 {
				matureCell(p.total.sums, c, r.events())
			}
		}
		p.table.Delete(p.key)
		if err := p.matureSegments(r, p.ripe.Cells); err != nil {
			return err
		}
		p.total.folded = w.start
		if err := p.decide(p.total.watch.Close(&r.entry, p.total.sums, w.start+second)); err != nil {
			return err
		}
	}
	r.ripe = slices.Delete(r.ripe, 0, n)
	r.figures = figures{}
	return nil
}

// due is how many panes of maturity end at or before a time.
func (r *run) due(now int64) int {
	n, _ := slices.BinarySearchFunc(r.ripe, now, func(start, now int64) int {
		if start+second <= now {
			return -1
		}
		return 1
	})
	return n
}

// reflected is the watermark that the total reflects: less where a pane of maturity still waits.
func (r *run) reflected(watermark int64) int64 {
	if r.due(watermark) > 0 {
		return r.ripe[0]
	}
	return watermark
}

// knows says whether the registry has told of all epochs of some cells.
func (r *run) knows(d *experiment.Delta) bool {
	for i := range d.Cells {
		if d.Cells[i].Epoch > r.newest() {
			return false
		}
	}
	return true
}

// events says whether the units of the run are tagged events.
func (r *run) events() bool { return r.entry.Versions[0].Definition.Unit == unitEvent }
