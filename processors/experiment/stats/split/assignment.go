package split

// Verdicts on units that were seen in several arms.
const (
	AssignmentOK      = "ok"
	AssignmentWarning = "warning" // worth a look: results stand
	AssignmentBroken  = "broken"  // who is excluded may depend on the arm: no result is better or worse
)

// Shares of excluded units from which on they matter.
const (
	warningShare = 0.01
	brokenShare  = 0.10
	fewest       = 100 // units; of fewer, a few make up any share
)

// Assignment judges the excluded units of an experiment, of kept + excluded in all, and their share. They break it from a share of
// 10 % of 100 units or more, or where p <= Alpha: the running p of LogE over excluded units by first-seen arm, which is against that they come from the
// arms as the weights say. Without units the share is 0 and the verdict ok.
func Assignment(kept, excluded int64, p float64) (share float64, verdict string) {
	if kept+excluded > 0 {
		share = float64(excluded) / float64(kept+excluded)
	}
	switch {
	case share >= brokenShare && kept+excluded >= fewest || p <= Alpha:
		return share, AssignmentBroken
	case share >= warningShare:
		return share, AssignmentWarning
	}
	return share, AssignmentOK
}
