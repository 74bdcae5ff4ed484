package verdict

import "github.com/abacus-stream/abacus/processors/experiment/stats/split"

// Words for machines in the reasons of a split.
const (
	ReasonExcludedShare = "excluded_share" // units in several variants are 1 % or more
	ReasonCrossed       = "crossed"        // who is seen in several variants depends on the variant
	ReasonSegment       = "segment_split"  // the split is broken in one segment
	ReasonAnalysedSplit = "analysed_split" // p_chi2 is below 0.001, which counts where one looks once
)

// Split is how units came to the variants.
type Split struct {
	PSequential    float64 // of the watched check of first-seen arms; 1 without units
	PCrossed       float64 // of the same check of excluded units by first-seen arm; 1 without such
	PChi2          float64 // of kept units at one look; 1 without units
	Kept, Excluded int64   // units
	Segment        string  // one whose own split is broken, dimension=value; empty: none is
	Looks          int     // how many splits are watched beside each other, this one among them; 0: 1
}

// Judge gives the verdict, and the reason where the split is not plainly good. What a single look finds is told, no more: looked at
// again and again it finds a fault in good splits.
func (s Split) Judge() (verdict, reason string) {
	crossed := s.PCrossed * float64(max(1, s.Looks))
	share, assignment := split.Assignment(s.Kept, s.Excluded, crossed)
	told := tell(percent(share)+" of the units were seen in several variants and are left out", ReasonExcludedShare)
	switch {
	case s.PSequential <= split.Alpha/float64(max(1, s.Looks)):
		return BrokenSplit, tell("Units do not come to the variants as the weights say")
	case s.Segment != "":
		return BrokenSplit, tell("Units of "+s.Segment+" do not come to the variants as the weights say", ReasonSegment)
	case crossed <= split.Alpha:
		return BrokenAssignment, tell("Units of some variants are seen in others more often than those of the rest", ReasonCrossed)
	case assignment == split.AssignmentBroken:
		return BrokenAssignment, told
	case assignment == split.AssignmentWarning:
		return OK, told
	case s.PChi2 < split.Alpha:
		return OK, tell("At one look, the units that are kept do not fit the weights", ReasonAnalysedSplit)
	}
	return OK, ""
}
