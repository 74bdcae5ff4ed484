// Package verdict says in words what the figures of an experiment mean: pure functions from figures to a verdict and the reason for it,
// a short sentence for people. Where a machine may look for the cause, its word stands in brackets at the end.
//
// Of the split: ok, broken split, broken assignment. Of a comparison the last two as well, and nothing is better or worse then.
package verdict

// The verdicts, as records have them.
const (
	OK               = "ok"                // of a split without a fault
	Collecting       = "collecting"        // not to be judged, or not yet
	NoDifference     = "no difference yet" // it may be chance
	NoDifferenceNow  = "no difference now" // there was one, of a novelty that wore off: (was better until T) or worse follows, T in RFC 3339
	Better           = "better"            // than control, by the metric's goal; of primary metrics only
	Worse            = "worse"
	BrokenSplit      = "broken split"      // units do not come to the variants as the weights say
	BrokenAssignment = "broken assignment" // units in several variants: who is left out may depend on the variant
)
