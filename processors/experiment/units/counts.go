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

// mature takes the total of a metric over into the matured track.
func (s *sums) mature(e *Enrolment, metric int, total int64) {
	for _, segment := range e.Parts.list() {
		c := s.cell(e.Variant, e.Epoch, segment)
		c.matured[metric].Include(total)
		c.nonZero[metric] += one(total != 0)
	}
}

// correct counts a change of what has matured.
func (s *sums) correct(variant int, epoch int64, of *segments) {
	s.corrections++
	for _, segment := range of.list()[1:] {
		s.cell(variant, epoch, segment).corrections++
	}
}
