package verify

import (
	"maps"
	"math/big"
	"slices"
)

// share is what one unit contributes to one experiment, computed from all events that its row holds.
type share struct {
	cellKey
	kept     bool // exposed and not excluded
	excluded bool
	drawn    bool    // the variant, by weights that are known
	leftOut  string  // why the unit is not analysed, empty if it is
	segments []int   // beside the whole
	totals   []int64 // by metric, capped
	panes    map[paneKey]*pane
	dropped  map[string]int64

	earlier   map[earlierKey]int64 // raw totals of before the exposure, and what it brought
	joint     map[int][]int64      // by metric: the totals of the unit that its joint sums are of
	latest    []*event             // by metric of kind last: the event whose value it is
	quantiles buckets
}

// member is a unit in one run of an experiment.
type member struct {
	first    *event  // the first exposure by event time, nil while there was none to qualify
	arm      cellKey // where it puts the unit, excluded or not
	segments []int   // beside the whole
	order    int     // of the exposure that arrived first
	stream   int64   // stream time then
	variants map[string]bool
	before   int64 // exposures ignored before start
	after    int64 // and at or after end
	share    share
	matured  []bool
	seen     bool // its time to be counted by first-seen arm has come
	checked  bool // the split check is of it: when seen, it was counted
	drawn    bool // the first exposure's variant was drawn
	frozen   bool // every metric has matured: attribution no longer moves
}

// compute makes the share of a member anew. refuse is the event that pushes a total beyond 2^53: the
// caller takes it out and computes again.
func (m *member) compute(v view, r *row) (s share, refuse *held) {
	switch {
	case m.first == nil:
		return share{}, nil
	case v.leftOut(m.first.unit) != "":
		return share{leftOut: v.leftOut(m.first.unit)}, nil
	case !v.first && len(m.variants) > 1:
		return share{excluded: true, cellKey: m.arm, segments: m.segments}, nil
	}
	s = share{
		kept: true, drawn: m.drawn,
		cellKey: m.arm, segments: m.segments,
		totals: make([]int64, len(v.metrics)),
		panes:  map[paneKey]*pane{},
		latest: make([]*event, len(v.metrics)), quantiles: buckets{},
		earlier: map[earlierKey]int64{}, joint: map[int][]int64{},
		dropped: map[string]int64{"conflict": r.conflict, "late": r.late, "before_start": m.before, "after_end": m.after},
	}
	if len(m.variants) > 1 {
		s.dropped["multiple_variants"] = 1
	}
	s.pane(v.plan, m.first.ts).unitsNew = 1
	s.bring(v, m.first)
	for _, h := range r.events {
		if h.counts(v) && !s.attribute(v, m, h) {
			return share{}, h
		}
	}
	for i := range v.metrics {
		s.totals[i] = v.metrics[i].total(s.totals[i])
	}
	for i := range v.metrics {
		if totals := s.vector(v.plan, i); totals != nil {
			s.joint[i] = totals
		}
	}
	maps.DeleteFunc(s.dropped, func(_ string, n int64) bool { return n == 0 })
	return s, nil
}

// attribute adds one event to the share; false if it would push a total beyond 2^53.
func (s *share) attribute(v view, m *member, h *held) bool {
	e := h.e
	gone := h.order < m.order && m.stream >= after(e.ts, v.grace)
	taken, counted, rounded, empty, ok := s.takeBefore(v, m.first.ts, e)
	if !ok {
		return false
	}
	for i := range v.metrics {
		metric := &v.metrics[i]
		if !metric.takes(e) {
			continue
		}
		taken = true
		if gone || !metric.covers(m.first.ts, e.ts) || e.ts >= v.end() {
			continue
		}
		counted = true
		value, lost, there := metric.value(e)
		rounded, empty = rounded || lost, empty || !there
		if !there {
			continue
		}
		if !s.take(metric, i, e, value) {
			return false
		}
		s.pane(v.plan, e.ts).count(metric, i, value, true)
	}
	switch {
	case !taken:
	case counted:
		s.drop("rounded", rounded)
		s.drop("no_value", empty)
	default:
		s.drop(whyNot(gone, m.first.ts, e.ts, v.end()), true)
	}
	return true
}

// whyNot is the reason of an event that no metric counts.
func whyNot(gone bool, first, ts, end int64) string {
	switch {
	case gone:
		return "no_exposure"
	case ts < first:
		return "before_exposure"
	case ts >= end:
		return "after_end"
	}
	return "outside_window"
}

func (s *share) drop(reason string, yes bool) {
	if yes {
		s.dropped[reason]++
	}
}

// take brings an event to what the unit has of a metric; false if it would push a total beyond 2^53.
func (s *share) take(m *metric, i int, e *event, value int64) bool {
	switch {
	case m.kind == "last":
		if was := s.latest[i]; was == nil || earlier(was, e) {
			s.latest[i], s.totals[i] = e, value
		}
		return true
	case m.kind == "quantile" && !m.ofUnit:
		s.quantiles.add(bucketOf(i, e.unit), values{value: 1})
		return true
	}
	return s.count(i, value)
}

// count adds a value to a raw total unless that leaves the range of exact floats.
func (s *share) count(i int, value int64) bool {
	total := s.totals[i] + value // both at most 2^53 in magnitude
	if total > largest || total < -largest {
		return false
	}
	s.totals[i] = total
	return true
}

func (s *share) pane(p *plan, ts int64) *pane {
	key := paneOf(ts, s.variant)
	if s.panes[key] == nil {
		s.panes[key] = &pane{metrics: newPaneSums(len(p.metrics))}
	}
	return s.panes[key]
}

func newPaneSums(n int) []paneSum {
	sums := make([]paneSum, n)
	for i := range sums {
		sums[i] = paneSum{sum: new(big.Int), values: values{}, units: map[int]bool{}, tagged: map[string]bool{}}
	}
	return sums
}

// count adds one event of a unit; a tagged one has none.
func (p *pane) count(m *metric, i int, value int64, ofUnit bool) {
	p.metrics[i].events++
	p.metrics[i].sum.Add(p.metrics[i].sum, big.NewInt(value))
	if m.valued() {
		p.metrics[i].values.add(values{value: 1})
	}
	if ofUnit {
		p.metrics[i].units[0] = true
	}
}

// same says whether two panes hold the same; a missing one is empty.
func (p *pane) same(o *pane) bool {
	if p == nil || o == nil {
		return p == o
	}
	return p.unitsNew == o.unitsNew && slices.EqualFunc(p.metrics, o.metrics, func(a, b paneSum) bool {
		return a.events == b.events && a.sum.Cmp(b.sum) == 0 && maps.Equal(a.values, b.values)
	})
}
