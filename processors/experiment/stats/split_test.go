package stats

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

func TestChiSquare(t *testing.T) {
	for _, c := range []struct {
		name     string
		observed []int64
		weights  []float64
		chi2, df float64
	}{
		{"as expected", []int64{500, 500}, []float64{0.5, 0.5}, 0, 1},
		{"weights of any scale", []int64{1000, 1200}, []float64{50, 50}, 400.0 / 22, 1},
		{"uneven", []int64{80, 20}, []float64{3, 1}, 25.0/75 + 25.0/25, 1},
		{"three arms", []int64{30, 30, 60}, []float64{1, 1, 1}, 100.0/40*2 + 400.0/40, 2},
		{"an arm without weight is left out, units and all", []int64{500, 77, 500}, []float64{1, 0, 1}, 0, 1},
		{"an arm with weight and no units stays", []int64{0, 10}, []float64{1, 1}, 10, 1},
	} {
		chi2, df, p, ok := ChiSquare(c.observed, c.weights)
		require.True(t, ok, c.name)
		near(t, c.chi2, chi2, 1e-14, c.name)
		require.Equal(t, c.df, df, c.name)
		near(t, distribution.ChiSquareP(c.chi2, c.df), p, 1e-13, c.name)
	}
}

func TestChiSquareHasNothingToTest(t *testing.T) {
	for _, c := range []struct {
		name     string
		observed []int64
		weights  []float64
	}{
		{"nothing", nil, nil},
		{"one arm", []int64{10}, []float64{1}},
		{"one arm with weight", []int64{10, 10}, []float64{1, 0}},
		{"no units", []int64{0, 0}, []float64{1, 1}},
		{"units only where there is no weight", []int64{0, 0, 9}, []float64{1, 1, 0}},
		{"unequal length", []int64{10}, []float64{1, 1}},
		{"negative weight", []int64{1, 1, 1}, []float64{1, 1, -1}},
		{"weight not a number", []int64{1, 1}, []float64{1, math.NaN()}},
		{"weight not finite", []int64{1, 1}, []float64{1, math.Inf(1)}},
		{"negative count", []int64{3, -1}, []float64{1, 1}},
	} {
		chi2, df, p, ok := ChiSquare(c.observed, c.weights)
		require.False(t, ok, c.name)
		require.Equal(t, [3]float64{0, 0, 1}, [3]float64{chi2, df, p}, c.name)
	}
}

func TestChiSquareVectors(t *testing.T) {
	var file struct {
		Cases []struct {
			Users     []int64
			Weights   []float64
			Chi2      float64
			ExpectedP json.Number `json:"expected_p"`
			Expected  json.Number `json:"expected_chi2"`
			PreciseP  float64     `json:"hi_precision_p"`
		}
	}
	readJSON(t, reference(t, vectorsFolder, "srm_chisq.json"), &file)
	require.NotEmpty(t, file.Cases)
	for _, c := range file.Cases {
		chi2, _, p, _ := ChiSquare(c.Users, c.Weights)
		near(t, c.Chi2, chi2, 1e-12, "chi2")
		near(t, c.PreciseP, p, 1e-12, "p")
		asPrinted(t, c.ExpectedP, p)
		if c.Expected != "" {
			asPrinted(t, c.Expected, chi2)
		}
	}
}
