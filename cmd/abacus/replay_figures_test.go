package main

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/abacus-stream/abacus/codecs/result"
)

// requireSum checks that the sum is the exact decimal whose n-th part is the mean.
func requireSum(t *testing.T, mean float64, v result.Variant) {
	t.Helper()
	sum, err := strconv.ParseFloat(v.Sum, 64)
	require.NoError(t, err)
	near(t, mean*float64(*v.N), result.Num(sum), "sum")
	if whole, digits, _ := strings.Cut(v.Sum, "."); len(whole)+len(digits) <= 14 { // a float knows them all
		require.Equal(t, strconv.FormatFloat(mean*float64(*v.N), 'f', len(digits), 64), v.Sum, "sum")
	}
}

// requireWelchInterval checks that the interval is the difference plus and minus the t quantile times se: the known
// figures have a normal one.
func requireWelchInterval(t *testing.T, c result.Comparison) {
	t.Helper()
	difference, _ := c.Difference.Float()
	se, _ := c.SE.Float()
	df, _ := c.DF.Float()
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}
	for i, side := range []float64{-1, 1} {
		bound, ok := c.Interval[i].Float()
		require.True(t, ok)
		near(t, 0.025, result.Num(student.Survival(side*(bound-difference)/se)), "tail beyond the interval")
	}
}

// requireSplit computes chi-square of the kept units anew.
func requireSplit(t *testing.T, rec *result.Record) {
	t.Helper()
	require.NotNil(t, rec.Split)
	var total, chi2 float64
	for _, n := range rec.Units {
		total += float64(n)
	}
	for name, n := range rec.Units {
		expected := total * rec.Split.Weights[name]
		chi2 += (float64(n) - expected) * (float64(n) - expected) / expected
	}
	near(t, chi2, rec.Split.Chi2, "chi2")
	near(t, distuv.ChiSquared{K: float64(len(rec.Units) - 1)}.Survival(chi2), rec.Split.PChi2, "p of chi2")
}
