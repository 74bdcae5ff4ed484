package verify

import "slices"

// settle computes the shares of a row anew after something happened to it, and counts what came late: panes that were
// closed by the task's own stream time, and totals that had matured. current is the event at hand, nil for none.
func (r *row) settle(at moment, current *held) {
	shares := r.shares(at, current)
	for i, v := range at.task.knows.views {
		m := r.members[v.plan]
		if m == nil {
			continue
		}
		t := at.task.tally(v)
		t.astray = t.astray || r.astray
		countLate(at, t, m.share.panes, shares[i].panes)
		m.correct(t, &shares[i])
		m.share = shares[i]
	}
}

// shares is the share of each member, by view. An event that would push a total beyond 2^53 is taken out for all of
// them, of several the one that came first: a dead letter if it is the event at hand, else it was accepted before.
func (r *row) shares(at moment, current *held) []share {
	for {
		out, refuse := r.sharesOrRefuse(at.task.knows.views)
		if refuse == nil {
			return out
		}
		refuse.refused = true
		if refuse == current {
			at.task.reject("value_out_of_range")
		}
	}
}

func (r *row) sharesOrRefuse(views []view) (out []share, refuse *held) {
	out = make([]share, len(views))
	for i, v := range views {
		m := r.members[v.plan]
		if m == nil {
			continue
		}
		s, over := m.compute(v, r)
		out[i] = s
		if over != nil && (refuse == nil || over.order < refuse.order) {
			refuse = over
		}
	}
	return out, refuse
}

// countLate counts a revision for each pane that changed after its end and grace had passed.
func countLate(at moment, t *tally, old, next map[paneKey]*pane) {
	closed := func(key paneKey) bool { return at.stream >= after(key.start+second, at.task.knows.grace()) }
	for key, p := range next {
		if closed(key) && !p.same(old[key]) {
			t.pane(key).late++
		}
	}
	for key := range old {
		if closed(key) && next[key] == nil {
			t.pane(key).late++
		}
	}
}

// correct counts the matured metrics whose total has changed.
func (m *member) correct(t *tally, next *share) {
	for i, matured := range m.matured {
		if matured && (m.share.of(i) != next.of(i) || m.share.kept && !slices.Equal(m.share.joint[i], next.joint[i])) {
			t.correct(next.cellKey, next.segments)
		}
	}
}

// of is the total of a metric and whether the unit counts at all.
func (s *share) of(i int) [2]int64 {
	if !s.kept {
		return [2]int64{}
	}
	return [2]int64{1, s.totals[i]}
}

// mature moves into the matured track what stream time allows.
func (r *row) mature(at moment) {
	for _, v := range at.task.knows.views {
		if m := r.members[v.plan]; m != nil {
			m.mature(at, v, false)
		}
	}
	r.dropAsked(at, "retract_too_late", func(a asked) bool { return at.stream >= a.due })
}

// mature takes the metrics of a member that are due; at the end of the input all of them.
func (m *member) mature(at moment, v view, all bool) {
	if m.first == nil {
		return
	}
	t := at.task.tally(v)
	if !m.seen && (all || at.stream >= after(m.first.ts, v.grace)) {
		m.seen = true
		m.count(t, v)
	}
	m.frozen = true
	for i := range v.metrics {
		if !m.matured[i] && (all || at.stream >= after(after(m.first.ts, v.metrics[i].span()), v.grace)) {
			m.matured[i] = true
			if m.share.kept {
				t.mature(&v.metrics[i], i, &m.share)
			}
		}
		m.frozen = m.frozen && m.matured[i]
	}
}

// count counts the unit by first-seen arm.
func (m *member) count(t *tally, v view) {
	if !m.drawn {
		return
	}
	for _, c := range t.all(m.arm, m.segments) {
		c.firstSeen++
		if m.crossed(v) {
			c.crossed++
		}
	}
}

// mature counts a unit in the matured track of a metric, of all units and of its segments.
func (t *tally) mature(m *metric, i int, s *share) {
	for _, c := range t.all(s.cellKey, s.segments) {
		c.mature(m, i, s)
	}
}

func (c *cell) mature(m *metric, i int, s *share) {
	c.joint.include(i, maturedTrack, s.joint[i])
	switch m.kind {
	case "quantile": // it has no such track
		return
	case "ratio":
		if s.joint[i][0] != 0 && s.joint[i][1] != 0 {
			c.nonZero[i]++
		}
		return
	}
	c.matured[i].include(s.totals[i])
	if s.totals[i] != 0 {
		c.nonZero[i]++
	}
}

// leave counts what stream time has not matured and an idle task might have.
func (m *member) leave(t *tally) {
	if m.first != nil && !m.seen {
		t.unseen++
	}
	for i, matured := range m.matured {
		if !matured && m.share.kept && t.plan.metrics[i].span() != never {
			t.pending[pendingKey{i, m.share.variant}]++
		}
	}
}
