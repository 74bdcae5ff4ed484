package stats

import (
	"math"

	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// ChiSquare is Pearson's test of observed counts per arm against weights, sum (o-e)^2/e with arms-1 degrees of freedom.
// Arms without weight are left out, the other weights are normalised. Without two such arms, without units in them or
// with input of unequal length, negative or not finite there is nothing to test: (0, 0, 1, false).
func ChiSquare(observed []int64, weights []float64) (chi2, df, p float64, ok bool) {
	total, weight, arms, ok := splitTotals(observed, weights)
	if !ok {
		return 0, 0, 1, false
	}
	for i, w := range weights {
		if w == 0 {
			continue
		}
		expected := float64(total * (w / weight))
		gap := float64(observed[i]) - expected
		chi2 += float64(gap*gap) / expected
	}
	df = float64(arms - 1)
	return chi2, df, distribution.ChiSquareP(chi2, df), true
}

// splitTotals adds up the arms that have weight.
func splitTotals(observed []int64, weights []float64) (total, weight float64, arms int, ok bool) {
	if len(observed) != len(weights) {
		return 0, 0, 0, false
	}
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 1) || observed[i] < 0 {
			return 0, 0, 0, false
		}
		if w > 0 {
			arms++
			weight += w
			total += float64(observed[i])
		}
	}
	return total, weight, arms, arms >= 2 && total > 0
}
