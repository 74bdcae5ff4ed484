package units

// see counts a unit as first seen where its first exposure put it, excluded or not, in the pane of a stream time.
func (s *sums) see(e *Enrolment, at int64, excluded bool) {
	for _, segment := range e.Parts.list() {
		c := s.ripe(e.Variant, e.Epoch, at, segment)
		c.firstSeen++
		c.crossed += one(excluded)
	}
}

// cross counts a unit as excluded that was seen before.
func (s *sums) cross(e *Enrolment, at int64) {
	for _, segment := range e.Parts.list() {
		s.ripe(e.Variant, e.Epoch, at, segment).crossed++
	}
}

// mature takes the total of a metric over into the matured track, in the pane of a stream time, and those of its joint.
func (s *sums) mature(x *run, e *Enrolment, metric int, at int64) {
	m := &x.metrics[metric]
	total := m.total(e.Totals[metric])
	for _, segment := range e.Parts.list() {
		c := s.ripe(e.Variant, e.Epoch, at, segment)
		if m.kind != ratio {
			c.matured[metric].Include(total)
			c.nonZero[metric] += one(total != 0)
			c.drawn[metric] += one(total != 0 && e.Drawn && m.kind == conversion)
		}
		c.matureJoint(x, metric, e.Totals)
	}
}

// correct counts a change of what has matured.
func (s *sums) correct(variant int, epoch int64, of *segments) {
	s.corrections++
	for _, segment := range of.list()[1:] {
		s.cell(variant, epoch, segment).corrections++
	}
}
