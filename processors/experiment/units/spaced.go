package units

import (
	"cmp"
	"slices"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// spaced is a change of experiment.Seen: the unit has events of a metric in a pane, so many seconds behind the pane before in
// which it has some.
type spaced struct {
	index, variant, metric int
	start                  int64
	gap                    int
	units                  int64 // 1, or -1
}

// space notes the distances of the panes in which a unit has events of a metric, from the moves that a tally made.
func (p *processor) space(t *tally, from int) {
	if !t.run.windowed || len(p.moves) == from+1 { // the unit alone
		return
	}
	p.sorted = append(p.sorted[:0], p.moves[from:]...)
	slices.SortFunc(p.sorted, func(a, b move) int { return cmp.Or(cmp.Compare(a.metric, b.metric), cmp.Compare(a.start, b.start)) })
	metric, before := newUnit, int64(0)
	for i := range p.sorted {
		m := &p.sorted[i]
		if m.metric == newUnit || m.metric == metric && m.start == before {
			continue
		}
		gap := experiment.LongAgo
		if m.metric == metric {
			gap = gapOf(before, m.start)
		}
		p.apart(t, m.metric, m.start, gap, t.sign)
		metric, before = m.metric, m.start
	}
}

// spaceOne is space for an event of a class that has just come, the last of the row: what it adds alone.
func (p *processor) spaceOne(t *tally, c *class, at int) {
	if !t.run.windowed || !p.row.Kept[at].counts() {
		return
	}
	for _, m := range c.take(t.run).metrics {
		if m.metric < t.run.shown && p.reaches(t, m, at) {
			p.spaceMetric(t, m.metric, at)
		}
	}
}

func (p *processor) spaceMetric(t *tally, metric, at int) {
	start := paneOf(p.row.Kept[at].Time)
	before, next := int64(-minute), int64(minute) // from start
	for i := at - 1; i >= 0; i-- {
		k := &p.row.Kept[i]
		from := paneOf(k.Time) - start
		if from <= before || from >= next || !p.counted(t, metric, i) {
			continue
		}
		switch {
		case from == 0:
			return
		case from < 0:
			before = from
		default:
			next = from
		}
	}
	p.apart(t, metric, start, gapOf(before, 0), 1)
	if next < minute {
		p.apart(t, metric, start+next, gapOf(before, next), -1)
		p.apart(t, metric, start+next, gapOf(0, next), 1)
	}
}

const minute = experiment.LongAgo * second

// counted says whether a kept event counts for a metric.
func (p *processor) counted(t *tally, metric, at int) bool {
	k, e := &p.row.Kept[at], &p.row.Enrolments[t.part]
	if !k.counts() || k.Time >= t.run.end || t.run.gone(e, k, at) {
		return false
	}
	take := p.classes.byID[k.Class].take(t.run)
	for i := 0; take != nil && i < len(take.metrics); i++ {
		if take.metrics[i].metric == metric {
			return p.reaches(t, take.metrics[i], at)
		}
	}
	return false
}

// reaches says whether an event that a metric takes is in its window and has what it counts.
func (p *processor) reaches(t *tally, m taken, at int) bool {
	k := &p.row.Kept[at]
	return k.Time < t.run.end && t.run.metrics[m.metric].covers(p.row.Enrolments[t.part].First, k.Time) && (m.slot < 0 || k.HasValue)
}

// gapOf is the gap between the starts of two panes.
func gapOf(before, start int64) int { return int(min((start-before)/second, experiment.LongAgo)) }

func (p *processor) apart(t *tally, metric int, start int64, gap int, units int64) {
	p.spaced = append(p.spaced, spaced{t.index, t.variant, metric, start, gap, units})
}

// settleSpaced adds what was noted to the panes. No revision rests on it: where it changes what a window counts, an event of the
// window has come or gone.
func (p *processor) settleSpaced() {
	for i := range p.spaced {
		s := &p.spaced[i]
		pane := p.after[s.index].run.sums.panes.at(s.start, s.variant)
		pane.BinsOf(s.metric).Seen.Add(s.gap, s.units)
	}
	p.spaced = p.spaced[:0]
}
