package verify

import (
	"maps"
	"slices"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
)

// cause is why something matures: it says in which pane.
type cause int

const (
	byTimer    cause = iota // stream time came to the moment at which it was due: the pane of that
	byChange                // an event made it due that came later: the pane of the stream time then
	byMark                  // the end of the input: likewise, due or not
	byIdleness              // stream time may come there with the wall clock, when nothing else comes: that of the moment
)

// mature moves into the matured track what stream time allows.
func (r *row) mature(at moment, why cause) {
	for _, v := range at.task.knows.views {
		if m := r.members[v.plan]; m != nil {
			m.mature(at, v, why)
		}
	}
	r.dropAsked(at, "retract_too_late", func(a asked) bool { return at.stream >= a.due })
}

// mature takes the metrics of a member that are due; at the end of the input all of them.
func (m *member) mature(at moment, v view, why cause) {
	if m.first == nil {
		return
	}
	t := at.task.tally(v)
	if due := after(m.first.ts, v.grace); !m.seen && why.takes(due, at.stream) {
		m.seen = true
		m.count(t, v, why, why.pane(due, at.stream))
	}
	m.frozen = true
	for i := range v.metrics {
		due := after(after(m.first.ts, v.metrics[i].span()), v.grace)
		if !m.matured[i] && why.takes(due, at.stream) {
			m.matured[i] = true
			if m.share.kept && v.metrics[i].kind != "quantile" { // which has no track of matured units
				t.mature(&m.share, &v.metrics[i], i, why, why.pane(due, at.stream))
			}
		}
		m.frozen = m.frozen && m.matured[i]
	}
}

// count counts the unit by first-seen arm.
func (m *member) count(t *tally, v view, why cause, pane int64) {
	if !m.checked {
		return
	}
	for _, c := range t.ripeCells(why, pane, m.arm, m.segments) {
		c.firstSeen++
		if m.crossed(v) {
			c.crossed++
		}
	}
}

// mature takes a unit over into the matured track of a metric, of all units and of its segments.
func (t *tally) mature(s *share, m *metric, i int, why cause, pane int64) {
	for _, c := range t.ripeCells(why, pane, s.cellKey, s.segments) {
		c.joint.include(i, maturedTrack, s.joint[i])
		counts := s.totals[i] != 0
		if m.kind == "ratio" {
			counts = s.joint[i][0] != 0 && s.joint[i][1] != 0
		} else {
			c.matured[i].include(s.totals[i])
		}
		if counts {
			c.nonZero[i]++
		}
		if counts && s.drawn && m.kind == "conversion" {
			c.drawn[i]++
		}
	}
}

// takes says whether something matures that is due at a stream time.
func (why cause) takes(due, stream int64) bool {
	return stream >= due || why == byMark || why == byIdleness && due != never
}

// pane is the moment whose pane something matures in.
func (why cause) pane(due, stream int64) int64 {
	if why == byTimer || why == byIdleness || why == byMark && due <= stream {
		return due
	}
	return stream
}

// maturity is matured sums by the start of the pane in which they matured, Unix ms.
type maturity map[int64]map[cellKey]*cell

// end is that of the latest pane, 0 without one.
func (m maturity) end() (end int64) {
	for start := range m {
		end = max(end, start+second)
	}
	return end
}

// ripeCell is what a variant has in the pane of maturity of a stream time.
func (t *tally) ripeCell(why cause, at int64, key cellKey) *cell {
	panes, start := t.ripe, at-at%second
	if why == byIdleness {
		panes = t.tail
	}
	if panes[start] == nil {
		panes[start] = map[cellKey]*cell{}
	}
	return t.cellIn(panes[start], key)
}

// ripeCells is the cell of all units in a pane of maturity, then those of segments.
func (t *tally) ripeCells(why cause, at int64, key cellKey, segments []int) []*cell {
	cells := []*cell{t.ripeCell(why, at, key)}
	for _, key.segment = range segments {
		cells = append(cells, t.ripeCell(why, at, key))
	}
	return cells
}

// fold is what had matured at a watermark, with the memory of all looks on the way there and the decisions that were made.
func (t *tally) fold(watermark int64) (matured map[cellKey]*cell, watch *cells.Watch, made []*decision.Record) {
	matured, watch = map[cellKey]*cell{}, &cells.Watch{}
	starts := slices.AppendSeq(slices.Collect(maps.Keys(t.ripe)), maps.Keys(t.tail))
	slices.Sort(starts)
	for _, start := range slices.Compact(starts) {
		if start+second > watermark {
			break
		}
		t.include(matured, t.ripe[start])
		t.include(matured, t.tail[start])
		if t.plan.judged() {
			made = append(made, watch.Close(t.plan.entry, t.maturedDelta(matured), start+second)...)
		}
	}
	return matured, watch, made
}

// include adds what a pane has matured.
func (t *tally) include(matured, pane map[cellKey]*cell) {
	for key, c := range pane {
		into := t.cellIn(matured, key)
		into.firstSeen += c.firstSeen
		into.crossed += c.crossed
		for i := range c.matured {
			into.matured[i].merge(&c.matured[i])
			into.nonZero[i] += c.nonZero[i]
			into.drawn[i] += c.drawn[i]
		}
		into.joint.add(c.joint)
	}
}

// maturedDelta is matured sums as package cells takes them.
func (t *tally) maturedDelta(matured map[cellKey]*cell) *experiment.Delta {
	d := &experiment.Delta{Run: t.plan.run}
	for key, c := range matured {
		d.Cells = append(d.Cells, experiment.CellDelta{
			Variant: key.variant, Epoch: key.epoch, Segment: key.segment, FirstSeen: c.firstSeen, Crossed: c.crossed, Matured: plain(c.matured), NonZero: c.nonZero,
			Drawn: c.drawn, Joint: c.joint.plain(),
		})
	}
	return d
}
