package distribution

import "gonum.org/v1/gonum/stat/distuv"

// ChiSquareP is the upper tail of chi-square at chi2 >= 0 with df > 0 degrees of freedom, to a relative 1e-12.
func ChiSquareP(chi2, df float64) float64 {
	return distuv.ChiSquared{K: df}.Survival(chi2)
}
