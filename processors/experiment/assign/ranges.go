package assign

// Range is the shares [From, To) of a variant, in the scale of the weights; empty where they are equal.
type Range struct{ From, To float64 }

// Ranges gives variant i, whose weight is weights[i] of all units, the first part of its weight that traffic says, at most 1: with
// traffic 0.2 and weights of a half [0, 0.1) and [0.5, 0.6). Weights are at least 0, traffic is taken within [0, 1].
func Ranges(weights []float64, traffic float64) []Range {
	traffic = min(max(traffic, 0), 1)
	ranges, before := make([]Range, len(weights)), 0.0
	for i, w := range weights {
		ranges[i] = Range{before, before + float64(traffic*w)}
		before += w
	}
	return ranges
}

// Choose is the index of the first range that holds a share, which is in their scale; -1 where none does.
func Choose(share float64, ranges []Range) int {
	for i, r := range ranges {
		if r.From <= share && share < r.To {
			return i
		}
	}
	return -1
}
