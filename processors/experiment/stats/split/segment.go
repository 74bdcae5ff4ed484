package split

// Segment is the split of one value of one dimension, such as hour=15, with its running p or that of ChiSquare at one look.
type Segment struct {
	Name string
	P    float64
}

// Worst is the segment of least p, the first of equals, and whether it is broken at Alpha over the number of segments. Pass all segments
// that the definition lists, those without units with p 1: how many are looked at must not depend on what is seen.
// Without segments it is the zero Segment, not broken.
func Worst(segments []Segment) (worst Segment, broken bool) {
	for i, s := range segments {
		if i == 0 || s.P < worst.P {
			worst = s
		}
	}
	return worst, len(segments) > 0 && worst.P <= Alpha/float64(len(segments))
}
