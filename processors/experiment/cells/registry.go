package cells

import (
	"encoding/json"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/topology"
)

// registry takes a row of the registry table. A deleted row changes nothing: what runs goes on as it was defined.
func (p *processor) registry(row topology.GlobalRow) error {
	if row.Value == nil {
		return nil
	}
	var e experiment.Entry
	if err := json.Unmarshal(row.Value, &e); err != nil || e.Experiment == "" || e.Run < 1 || len(e.Versions) == 0 {
		p.ctx.Count(CountRegistry, 1)
		return nil
	}
	r := p.runs[e.Experiment]
	switch {
	case r == nil || r.number < e.Run:
		return p.adopt(r, e)
	case r.number == e.Run:
		r.follow(e, p.cfg.EmitEvery)
		if err := p.slideAll(r); err != nil {
			return err
		}
		if err := p.refresh(r); err != nil {
			return err
		}
		return p.foldAll(r)
	}
	return nil
}

// adopt takes up a run: after a restart with the rows it has, else with the deltas that waited for it.
func (p *processor) adopt(before *run, e experiment.Entry) error {
	if before != nil {
		before.unsent, before.open, before.closed = false, nil, nil
	}
	r := &run{name: e.Experiment, number: e.Run, totalAt: longAgo, windowsAt: longAgo}
	r.follow(e, p.cfg.EmitEvery)
	p.runs[r.name] = r
	replaced, err := p.removeBefore(r)
	if err != nil {
		return err
	}
	if err := p.resume(r); err != nil {
		return err
	}
	if err := p.applyPending(r); err != nil {
		return err
	}
	if replaced {
		return p.begin(r)
	}
	return nil
}

// removeBefore deletes the rows of the runs before, and the records of their windows; replaced says that there were some.
func (p *processor) removeBefore(r *run) (replaced bool, err error) {
	var doomed, records [][]byte
	for _, kind := range []byte{totalRows, pendingRows, segmentRows, windowRows, scheduleRows, ripeRows} {
		from := appendExperimentKey(nil, kind, r.name)
		err := p.table.Scan(from, after(from), func(key, row []byte) bool {
			if number, ok := runOf(key, r.name); !ok || number >= r.number {
				return true
			}
			doomed = append(doomed, append([]byte(nil), key...))
			if (kind == windowRows || kind == segmentRows) && len(row) > 1 && row[1]&flagSent != 0 {
				records = append(records, doomed[len(doomed)-1])
			}
			return true
		})
		if err != nil {
			return false, err
		}
	}
	for _, key := range records {
		if key[0] == segmentRows {
			p.tombstoneSegment(r.name, key)
		} else if w, ok := parseWindowKey(key); ok {
			p.tombstone(w)
		}
	}
	for _, key := range doomed {
		p.table.Delete(key)
	}
	return len(doomed) > 0, nil
}

// resume reads what a restart left: the total, and the windows with their timers.
func (p *processor) resume(r *run) error {
	p.key = appendRunKey(p.key[:0], totalRows, r.name, r.number)
	row, ok, err := p.table.Get(p.key)
	if err != nil || !ok {
		return err // without a total there is no window
	}
	if err := p.total.parse(row); err != nil {
		return err
	}
	if err := p.resumeRipe(r); err != nil {
		return err
	}
	r.last, r.unsent = p.total.last, p.total.unsent
	err = p.eachWindow(r, func(w window, row []byte) {
		g := r.grainAt(grainName{w.grain, windowLength(w.grain)}, w.start)
		p.watch(w, w.start+g.length, w.start+g.length+g.retention)
		if w.grain == baseGrain {
			p.keep(r, w)
		}
		if len(row) > 1 && row[1]&flagUnsent != 0 {
			r.open = append(r.open, w)
		}
	})
	if err != nil {
		return err
	}
	if r.unsent || len(r.open) > 0 {
		p.touch(r)
	}
	if err := p.slideAll(r); err != nil {
		return err
	}
	return p.refresh(r)
}

// resumeRipe reads which panes of maturity wait.
func (p *processor) resumeRipe(r *run) error {
	from := append(appendRunKey(nil, ripeRows, r.name, r.number), '|')
	err := p.table.Scan(from, after(from), func(key, _ []byte) bool {
		if w, ok := parseWindowKey(key); ok {
			r.ripe = append(r.ripe, w.start)
			p.timers.Add(w.start+second, key)
		}
		return true
	})
	p.arm()
	return err
}

// eachWindow visits the window rows of a run.
func (p *processor) eachWindow(r *run, visit func(w window, row []byte)) error {
	from := append(appendRunKey(nil, windowRows, r.name, r.number), '|')
	return p.table.Scan(from, after(from), func(key, row []byte) bool {
		if w, ok := parseWindowKey(key); ok {
			visit(w, row)
		}
		return true
	})
}

// refresh has records sent again that a version concerns which is newer than the one that they reflect.
func (p *processor) refresh(r *run) error {
	if err := p.loadTotal(r); err != nil {
		return err
	}
	before := p.total.sums.Version
	if r.newest() <= before {
		return nil // or there is no total: a new one is of the newest version
	}
	p.total.sums.Version = r.newest()
	if err := p.saveTotal(r); err != nil {
		return err
	}
	if err := p.againSegments(r); err != nil {
		return err
	}
	var concerned []window
	err := p.eachWindow(r, func(w window, _ []byte) {
		if versionAt(&r.entry, w.start).Version > before {
			concerned = append(concerned, w)
		}
	})
	if err != nil {
		return err
	}
	for _, w := range concerned {
		if err := p.again(r, w); err != nil {
			return err
		}
	}
	return nil
}

// again has the record of a window sent once more.
func (p *processor) again(r *run, w window) error {
	if _, err := p.loadWindow(w); err != nil {
		return err
	}
	if p.window.unsent || !p.window.sent {
		return nil
	}
	p.window.unsent = true
	r.open = append(r.open, w)
	return p.saveWindow(w)
}

// applyPending adds the deltas that came before their definition.
func (p *processor) applyPending(r *run) error {
	p.key = appendRunKey(p.key[:0], pendingRows, r.name, r.number)
	if _, ok, err := p.table.Get(p.key); !ok || err != nil {
		return err
	}
	if err := p.loadPending(r.name, r.number); err != nil {
		return err
	}
	if err := p.add(r, p.pending); err != nil {
		return err
	}
	p.table.Delete(appendRunKey(p.key[:0], pendingRows, r.name, r.number))
	return nil
}
