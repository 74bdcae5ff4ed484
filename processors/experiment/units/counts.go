package units

// see counts a unit as first seen where its first exposure put it, excluded or not.
func (s *sums) see(e *Enrolment, excluded bool) {
	for _, segment := range e.Parts.list() {
		c := s.cell(e.Variant, e.Epoch, segment)
		c.firstSeen++
		c.crossed += one(excluded)
	}
}

// cross counts a unit as excluded that was seen before.
func (s *sums) cross(e *Enrolment) {
	for _, segment := range e.Parts.list() {
		s.cell(e.Variant, e.Epoch, segment).crossed++
	}
}

// mature takes the total of a metric over into the matured track, where it has one, and those of its joint.
func (s *sums) mature(x *run, e *Enrolment, metric int) {
	m := &x.metrics[metric]
	total := m.total(e.Totals[metric])
	tracked := metric < x.shown && m.kind != ratio && m.kind != quantiles
	for _, segment := range e.Parts.list() {
		c := s.cell(e.Variant, e.Epoch, segment)
		if tracked {
			c.matured[metric].Include(total)
			c.nonZero[metric] += one(total != 0)
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
