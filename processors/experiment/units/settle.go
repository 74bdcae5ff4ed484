package units

import (
	"cmp"
	"slices"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// newUnit is the metric of a move that brings the unit itself.
const newUnit = -1

// move is a change of one metric in one pane.
type move struct {
	index   int // of the tally
	start   int64
	variant int
	metric  int
	events  int64 // or units: 1, or -1 where it is taken back
	value   int64
}

// move notes a change of a pane.
func (p *processor) move(t *tally, at int64, metric int, value int64) {
	p.moves = append(p.moves, move{
		index: t.index, start: paneOf(at), variant: t.variant, metric: metric, events: t.sign, value: value,
	})
}

// begin notes what the row is worth before a change.
func (p *processor) begin() {
	p.moves, p.before, p.spaced = p.moves[:0], p.before[:0], p.spaced[:0]
	for i := range p.row.Enrolments {
		t := grow(&p.before)
		t.reset(p.catalog.enrolled(&p.row.Enrolments[i]), i, i, -1)
		p.compute(t)
	}
	p.marked, p.markedSpaced = len(p.moves), len(p.spaced)
}

// finish settles a change that began with begin: the difference goes into the sums. current is the index of the kept event
// at hand, -1 for none: a dead letter if it pushes a total too far.
func (p *processor) finish(current int) {
	for {
		over := p.tallyAfter()
		if over < 0 {
			break
		}
		p.refuse(over, current)
	}
	for i := range p.after {
		if i == len(p.before) {
			grow(&p.before).reset(p.after[i].run, i, i, -1)
		}
		p.settle(&p.before[i], &p.after[i])
	}
	p.settleMoves()
}

// tallyAfter tallies the changed row. over is the kept event that pushes a total beyond maxTotal, -1 for none: of several
// runs that have one, the one that came first.
func (p *processor) tallyAfter() (over int) {
	over = -1
	p.moves, p.after, p.spaced = p.moves[:p.marked], p.after[:0], p.spaced[:p.markedSpaced]
	for i := range p.row.Enrolments {
		t := grow(&p.after)
		t.reset(p.catalog.enrolled(&p.row.Enrolments[i]), i, i, 1)
		if at := p.compute(t); at >= 0 && (over < 0 || at < over) {
			over = at
		}
	}
	return over
}

// settle moves the sums of a run by the difference of two tallies.
func (p *processor) settle(before, after *tally) {
	x := after.run
	if x == nil {
		return
	}
	e := &p.row.Enrolments[after.part]
	s := x.sums
	for i := range s.dropped {
		s.dropped[i] += after.drops[i] - before.drops[i]
	}
	s.excluded += one(after.excluded) - one(before.excluded)
	if before.leftOut != after.leftOut { // by the exposure that came first, and for good
		s.leftOut[after.leftOut]++
	}
	for i := range e.Totals {
		m := &x.metrics[i]
		changed := before.kept != after.kept || m.total(before.totals[i]) != m.total(after.totals[i]) || after.kept && !x.sameJoint(i, before, after)
		if i < x.shown && e.Matured[i] != 0 && changed {
			s.correct(after.variant, after.epoch, &after.segments)
		}
	}
	for i, segment := range after.segments.list() { // a unit that was somewhere before is somewhere after
		s.replace(before, after, before.segments[i], segment)
	}
	copy(e.Totals, after.totals)
}

// replace puts the contribution after in the place of that before: in the cells of all units, or of a segment of one dimension.
func (s *sums) replace(before, after *tally, from, to uint16) {
	if before.kept && after.kept && before.variant == after.variant && before.epoch == after.epoch && from == to {
		s.change(before, after, to)
		return
	}
	if before.kept {
		s.cell(before.variant, before.epoch, from).enter(before, -1)
	}
	if after.kept {
		s.cell(after.variant, after.epoch, to).enter(after, 1)
	}
	if to == 0 {
		return // the delta has those of all units
	}
	if before.excluded {
		s.cell(before.variant, before.epoch, from).excluded--
	}
	if after.excluded {
		s.cell(after.variant, after.epoch, to).excluded++
	}
}

// change moves the totals of a unit that stays in its cell.
func (s *sums) change(before, after *tally, segment uint16) {
	for i := range after.run.shown {
		m := &after.run.metrics[i]
		if a, b := m.total(before.totals[i]), m.total(after.totals[i]); a != b {
			s.cell(after.variant, after.epoch, segment).replace(m, i, a, b)
		}
	}
	if len(after.run.joints) > 0 {
		s.cell(after.variant, after.epoch, segment).changeJoint(before, after)
	}
}

// enter adds a unit to a cell, or with -1 takes it out.
func (c *cell) enter(t *tally, sign int64) {
	c.units += sign
	for i := range t.run.shown {
		m := &t.run.metrics[i]
		if total := m.total(t.totals[i]); sign > 0 {
			c.replace(m, i, 0, total)
		} else {
			c.replace(m, i, total, 0)
		}
	}
	c.enterJoint(t, sign)
}

// settleMoves adds what is left of the moves, once those that cancel are gone, to the panes. A pane that its own
// task has already closed counts the change as late.
func (p *processor) settleMoves() {
	p.settleQuantiles()
	slices.SortFunc(p.moves, func(a, b move) int {
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.start, b.start), cmp.Compare(a.variant, b.variant), cmp.Compare(a.metric, b.metric),
			cmp.Compare(a.value, b.value))
	})
	for i := 0; i < len(p.moves); {
		j, changed := p.settlePane(i)
		if m := &p.moves[i]; changed && p.closed(m.start) {
			p.pane(m).Late++
		}
		i = j
	}
	p.moves = p.moves[:0]
	p.settleSpaced()
}

// settlePane adds the moves of one pane, which begin at i; j is the first behind them.
func (p *processor) settlePane(i int) (j int, changed bool) {
	for j = i; j < len(p.moves) && p.moves[j].samePane(&p.moves[i]); {
		m := p.moves[j]
		events := int64(0)
		for ; j < len(p.moves) && p.moves[j].samePane(&m) && p.moves[j].metric == m.metric && p.moves[j].value == m.value; j++ {
			events += p.moves[j].events
		}
		if events == 0 {
			continue
		}
		changed = true
		pane := p.pane(&m)
		if m.metric == newUnit {
			pane.UnitsNew += events
			continue
		}
		addValues(&pane.Metrics[m.metric], events, m.value)
		if x := p.after[m.index].run; x.windowed && x.metrics[m.metric].valued {
			pane.BinsOf(m.metric).Values.Add(m.value, events)
		}
	}
	return j, changed
}

func (m *move) samePane(o *move) bool {
	return m.index == o.index && m.start == o.start && m.variant == o.variant
}

// pane is the pane of a move, valid until the next.
func (p *processor) pane(m *move) *experiment.PaneDelta {
	return p.after[m.index].run.sums.panes.at(m.start, m.variant)
}

// closed says whether the task's own stream time has passed a pane and its grace.
func (p *processor) closed(start int64) bool {
	return p.ctx.StreamTime() >= start+second+p.catalog.grace
}

// addValues adds so many events of one value.
func addValues(s *experiment.PaneSums, events, value int64) {
	s.Events += events
	for ; events > 0; events-- {
		s.Sum = s.Sum.AddInt64(value)
	}
	for ; events < 0; events++ {
		s.Sum = s.Sum.AddInt64(-value)
	}
}

func one(v bool) int64 {
	if v {
		return 1
	}
	return 0
}
