package verify

import (
	"math/big"

	"github.com/abacus-stream/abacus/codecs/decision"
)

// Sum is the exact sums of one metric over the units of a variant: their number, the sum of their totals
// and that of the squares. A total is the value times 10^decimals.
type Sum struct {
	N     int64
	S, SS *big.Int
}

func newSums(n int) []Sum {
	sums := make([]Sum, n)
	for i := range sums {
		sums[i] = Sum{S: new(big.Int), SS: new(big.Int)}
	}
	return sums
}

func (s *Sum) include(total int64) {
	s.N++
	v := big.NewInt(total)
	s.S.Add(s.S, v)
	s.SS.Add(s.SS, v.Mul(v, v))
}

// cell is what one variant has in one allocation epoch.
type cell struct {
	units, firstSeen int64
	crossed          int64   // of firstSeen, excluded
	excluded         int64   // of segments: units that are excluded now, by the variant of their first exposure
	corrections      int64   // of segments: changes of matured totals
	live, matured    []Sum   // by metric
	nonZero          []int64 // by metric: those in matured, or events, whose total is not 0
	drawn            []int64 // by metric, of conversions: those of nonZero whose variant was drawn
	quantiles        buckets
	joint            joints
}

type cellKey struct {
	variant int
	epoch   int64
	segment int // 0: all units
}

// pane is what one variant has in one second.
type pane struct {
	unitsNew, late int64
	metrics        []paneSum
}

// paneSum is the events of one metric in a pane and the sum of their values, uncapped.
type paneSum struct {
	events int64
	sum    *big.Int
	values values          // of metrics that take them
	tagged map[string]bool // units that tagged events name
	units  map[int]bool    // whose events they are, by number of their rows: a unit whose row has expired is a new one
}

type paneKey struct {
	start   int64 // Unix ms
	variant int
}

const second = 1000

func paneOf(ts int64, variant int) paneKey { return paneKey{start: ts - ts%second, variant: variant} }

// tally is all that is counted of one plan, over all tasks.
type tally struct {
	plan        *plan
	cells       map[cellKey]*cell
	panes       map[paneKey]*pane
	dropped     map[string]int64
	leftOut     map[string]int64 // units that are not analysed, by why
	excluded    int64
	corrections int64
	grains      map[string]map[int64][]paneKey // see windows
	astray      bool                           // some of its units have records that were forwarded
	shares      int                            // how many were added
	ripe        maturity                       // what stream time has matured
	tail        maturity                       // what it will have, should an idle task come so far
	decided     []*decision.Record             // see decisions
	decidedAt   int64
}

func newTally(p *plan) *tally {
	return &tally{
		plan: p, cells: map[cellKey]*cell{}, panes: map[paneKey]*pane{}, dropped: map[string]int64{}, leftOut: map[string]int64{},
		ripe: maturity{}, tail: maturity{},
		grains: map[string]map[int64][]paneKey{},
	}
}

func (t *tally) cell(key cellKey) *cell { return t.cellIn(t.cells, key) }

func (t *tally) cellIn(cells map[cellKey]*cell, key cellKey) *cell {
	c := cells[key]
	if c == nil {
		n := len(t.plan.metrics)
		c = &cell{live: newSums(n), matured: newSums(n), nonZero: make([]int64, n), drawn: make([]int64, n), quantiles: buckets{}, joint: joints{}}
		cells[key] = c
	}
	return c
}

// all is the cell of all units, then those of segments.
func (t *tally) all(key cellKey, segments []int) []*cell {
	cells := []*cell{t.cell(key)}
	for _, key.segment = range segments {
		cells = append(cells, t.cell(key))
	}
	return cells
}

// correct counts a change of what has matured.
func (t *tally) correct(key cellKey, segments []int) {
	t.corrections++
	for _, key.segment = range segments {
		t.cell(key).corrections++
	}
}

func (t *tally) pane(key paneKey) *pane {
	p := t.panes[key]
	if p == nil {
		p = &pane{metrics: newPaneSums(len(t.plan.metrics))}
		t.panes[key] = p
	}
	return p
}

// add takes over what one unit contributes in the end.
func (t *tally) add(s *share) {
	if s.excluded {
		t.exclude(s)
	}
	if s.leftOut != "" {
		t.leftOut[s.leftOut]++
	}
	for reason, n := range s.dropped {
		t.dropped[reason] += n
	}
	t.shares++
	for key, p := range s.panes {
		into := t.pane(key)
		into.unitsNew += p.unitsNew
		for i := range p.metrics {
			into.metrics[i].events += p.metrics[i].events
			into.metrics[i].sum.Add(into.metrics[i].sum, p.metrics[i].sum)
			into.metrics[i].values.add(p.metrics[i].values)
			if len(p.metrics[i].units) > 0 {
				into.metrics[i].units[t.shares] = true
			}
		}
	}
	if !s.kept {
		return
	}
	for _, c := range t.all(s.cellKey, s.segments) {
		c.add(t.plan, s)
	}
}

// add counts a kept unit.
func (c *cell) add(p *plan, s *share) {
	c.units++
	for i, total := range s.totals {
		c.live[i].include(total)
		if p.metrics[i].ofUnit {
			c.quantiles.add(bucket{i, 0}, values{total: 1})
		}
		c.joint.include(i, liveTrack, s.joint[i])
	}
	for key, all := range s.quantiles {
		c.quantiles.add(key, all)
	}
}

// exclude counts a unit that was seen in several variants.
func (t *tally) exclude(s *share) {
	t.excluded++
	key := s.cellKey
	for _, key.segment = range s.segments {
		t.cell(key).excluded++
	}
}

// countEvent counts a tagged event: there is no unit, so it is its own, and matures at a stream time.
func (t *tally) countEvent(v view, variant int, e *event, matures int64) {
	c := t.cell(cellKey{variant: variant, epoch: v.epoch(e.version, e.ts)})
	c.units++
	into := t.pane(paneOf(e.ts, variant))
	into.unitsNew++
	ripe := t.ripeCell(byChange, matures, cellKey{variant: variant, epoch: v.epoch(e.version, e.ts)})
	ripe.firstSeen++
	anyRounded, anyEmpty := false, false
	totals := make([]int64, len(v.metrics))
	for i := range v.metrics {
		m := &v.metrics[i]
		if !m.takes(e) {
			continue
		}
		value, rounded, there := m.value(e)
		anyRounded, anyEmpty = anyRounded || rounded, anyEmpty || !there
		if !there {
			continue
		}
		into.count(m, i, value, false)
		if e.unit != "" {
			into.metrics[i].tagged[e.unit] = true
		}
		if m.kind == "quantile" {
			c.quantiles.add(bucket{i, 0}, values{value: 1})
			continue
		}
		totals[i] = m.total(value)
		c.live[i].include(m.total(value))
		ripe.matured[i].include(m.total(value))
		if m.total(value) != 0 {
			ripe.nonZero[i]++
			if !v.judged() {
				c.nonZero[i]++
			}
		}
		if m.kind == "conversion" && v.drawn(e) {
			ripe.drawn[i]++
		}
	}
	c.countRatios(v, ripe, totals)
	if anyRounded {
		t.dropped["rounded"]++
	}
	if anyEmpty {
		t.dropped["no_value"]++
	}
}

// countRatios counts a tagged event, which has totals by metric, in the ratios of two of them, and in its pane of maturity.
func (c *cell) countRatios(v view, ripe *cell, totals []int64) {
	for i, m := range v.metrics {
		if m.kind != "ratio" {
			continue
		}
		a, b := totals[m.parts[0]], totals[m.parts[1]]
		c.joint.include(i, liveTrack, []int64{a, b})
		ripe.joint.include(i, maturedTrack, []int64{a, b})
		if a != 0 && b != 0 {
			ripe.nonZero[i]++
			if !v.judged() {
				c.nonZero[i]++
			}
		}
	}
}

// empty says whether nothing was ever counted, so that no record need exist.
func (t *tally) empty() bool {
	return len(t.cells) == 0 && len(t.panes) == 0 && t.excluded == 0 && len(t.leftOut) == 0
}
