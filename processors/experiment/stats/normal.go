package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// normalP is the two-sided p of z. The lower tail keeps its relative accuracy, 1-CDF would not.
func normalP(z float64) float64 {
	return 2 * distuv.UnitNormal.CDF(-math.Abs(z))
}

// normalQuantile is the z > 0 with normalP(z) = alpha, alpha in (0, 1).
func normalQuantile(alpha float64) float64 {
	return -distuv.UnitNormal.Quantile(alpha / 2)
}
