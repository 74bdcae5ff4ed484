package cells

import (
	"math"
	"strings"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// slidingPrefix begins the names of sliding grains: sliding 60s. One ends with each second, and is the sum of its panes,
// made when the watermark passes its end and again when a later pane of it comes: a pane is added to its own row alone.
const slidingPrefix = "sliding "

// slide is a sliding grain of a run.
type slide struct {
	grainName
	due int64 // end of the window that closes next, 0 where no window is to come
}

// windowLength is the length of a window of any grain in ms, 0 for what is none.
func windowLength(name string) int64 { return grainLength(strings.TrimPrefix(name, slidingPrefix)) }

// slidesOf lists the sliding grains of all versions of an entry; what is due of those known before stays.
func slidesOf(e *experiment.Entry, before []slide) (all []slide) {
	for i := range e.Versions {
		for _, name := range e.Versions[i].Definition.Windows {
			length := windowLength(name)
			if !strings.HasPrefix(name, slidingPrefix) || length == 0 || slideOf(all, name) != nil {
				continue
			}
			s := slide{grainName: grainName{name, length}}
			if known := slideOf(before, name); known != nil {
				s.due = known.due
			}
			all = append(all, s)
		}
	}
	return all
}

func slideOf(all []slide, name string) *slide {
	for i := range all {
		if all[i].name == name {
			return &all[i]
		}
	}
	return nil
}

// nextEnd is the first end of a sliding window that the watermark has not passed, at least as late as one.
func nextEnd(watermark, least int64) int64 {
	if watermark < least {
		return least
	}
	return floor(watermark, second) + second
}

// slideOver has the windows corrected that hold a changed pane and are closed, and sees that the others will be closed.
func (p *processor) slideOver(r *run, start int64) error {
	for i := range r.slides {
		s := &r.slides[i]
		first, last := start+second, start+s.length
		next := nextEnd(p.ctx.StreamTime(), first)
		for end := first; end < next && end <= last; end += second {
			if err := p.correct(r, s, end); err != nil {
				return err
			}
		}
		if next <= last {
			p.slideAt(r, s, next)
		}
	}
	return nil
}

// slideAt sets the timer of the next window to close, unless an earlier one is.
func (p *processor) slideAt(r *run, s *slide, end int64) {
	if s.due != 0 && s.due <= end {
		return
	}
	s.due = end
	p.alarm = appendWindowKey(p.alarm[:0], closeTimer, r.window(s.name, end-s.length))
	p.timers.Add(end, p.alarm)
	p.arm()
}

// correct has a closed window sent again.
func (p *processor) correct(r *run, s *slide, end int64) error {
	w := r.window(s.name, end-s.length)
	g := r.grainAt(s.grainName, w.start)
	switch {
	case !g.published:
		return nil
	case end+g.retention <= p.ctx.StreamTime():
		p.ctx.Count(CountExpired, 1)
		return nil
	}
	if pane, err := p.firstPane(r, w.start); err != nil {
		return err
	} else if pane >= end {
		p.alarm = appendWindowKey(p.alarm[:0], scheduleRows, w)
		p.table.Delete(p.alarm) // there is no closed window any more
	}
	known, err := p.loadWindow(w)
	if err != nil || p.window.unsent {
		return err
	}
	if !known {
		p.watch(w, end, end+g.retention)
	}
	p.window.unsent = true
	r.open = append(r.open, w)
	p.touch(r)
	return p.saveWindow(w)
}

// closeSlide closes the window whose time has come, if it holds anything, and sets the timer of the next one.
func (p *processor) closeSlide(r *run, w window) error {
	s := slideOf(r.slides, w.grain)
	if s == nil || s.due != w.start+s.length {
		return nil // another timer took its place
	}
	end := s.due
	s.due = 0
	pane, err := p.firstPane(r, w.start)
	if err != nil {
		return err
	}
	g := r.grainAt(s.grainName, w.start)
	if pane < end && g.published {
		known, err := p.loadWindow(w)
		if err != nil {
			return err
		}
		if !known {
			p.watch(w, end, end+g.retention)
		}
		p.window.unsent = true
		if err := p.saveWindow(w); err != nil {
			return err
		}
		r.closed = append(r.closed, w)
		p.touch(r)
		p.schedule(w)
	}
	return p.slideOn(r, s, end+second)
}

// slideOn sets the timer of the first window from an end on that holds anything.
func (p *processor) slideOn(r *run, s *slide, end int64) error {
	pane, err := p.firstPane(r, end-s.length)
	if err == nil && pane != math.MaxInt64 {
		p.slideAt(r, s, max(end, pane+second))
	}
	return err
}

// slideAll sets the timers of sliding grains that have none.
func (p *processor) slideAll(r *run) error {
	for i := range r.slides {
		if s := &r.slides[i]; s.due == 0 {
			if err := p.slideOn(r, s, nextEnd(p.ctx.StreamTime(), s.length)); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstPane is the start of the first pane from a time on that is not empty, the greatest integer where there is none.
func (p *processor) firstPane(r *run, from int64) (start int64, err error) {
	start = math.MaxInt64
	var bad error
	err = p.eachPane(r, from, math.MaxInt64, func(at int64, row []byte) bool {
		if bad = p.pane.parse(row); bad == nil && !p.pane.empty() {
			start = at
		}
		return bad == nil && start == math.MaxInt64
	})
	if err != nil {
		return start, err
	}
	return start, bad
}

// gather sums the panes of a sliding window up.
func (p *processor) gather(r *run, w window) error {
	if p.slid == nil {
		p.slid = &experiment.Delta{}
	}
	p.slid.Panes = p.slid.Panes[:0]
	var bad error
	err := p.eachPane(r, w.start, w.start+windowLength(w.grain), func(_ int64, row []byte) bool {
		if bad = p.pane.parse(row); bad != nil {
			return false
		}
		for i := range p.pane.sums.Panes {
			addPane(p.slid, &p.pane.sums.Panes[i], w.start)
		}
		return true
	})
	if err != nil {
		return err
	}
	return bad
}

// eachPane visits the rows of the panes of a run that start in [from, to), until visit says no.
func (p *processor) eachPane(r *run, from, to int64, visit func(start int64, row []byte) bool) error {
	first := appendWindowKey(nil, windowRows, r.window(baseGrain, max(from, 0)))
	end := appendWindowKey(nil, windowRows, r.window(baseGrain, to))
	return p.table.Scan(first, end, func(key, row []byte) bool {
		w, ok := parseWindowKey(key)
		return !ok || visit(w.start, row)
	})
}

// keptFor is how long after its end a pane keeps its row: as long as a window may be corrected that holds it.
func (r *run) keptFor(start int64) int64 {
	kept := r.grainAt(r.grains[0], start).retention
	for i := range r.slides {
		if g := r.grainAt(r.slides[i].grainName, start); g.published {
			kept = max(kept, plus(g.length, g.retention))
		}
	}
	return kept
}

// plus adds spans, those without end too.
func plus(a, b int64) int64 {
	if a > math.MaxInt64/4-b {
		return math.MaxInt64 / 4
	}
	return a + b
}
