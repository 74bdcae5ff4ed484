package distribution

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// NormalP is the two-sided p of z. The lower tail keeps its relative accuracy, 1-CDF would not.
func NormalP(z float64) float64 {
	return 2 * distuv.UnitNormal.CDF(-math.Abs(z))
}

// NormalQuantile is the z > 0 with NormalP(z) = alpha, alpha in (0, 1).
func NormalQuantile(alpha float64) float64 {
	return -distuv.UnitNormal.Quantile(alpha / 2)
}

// NormalUpper is the share above z, one-sided. It keeps its relative accuracy where it is small.
func NormalUpper(z float64) float64 {
	return distuv.UnitNormal.CDF(-z)
}
