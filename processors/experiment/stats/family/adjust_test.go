package family

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPublishedAdjustments(t *testing.T) {
	folder := os.Getenv("ABACUS_VECTORS")
	if folder == "" {
		t.Skip("NOT CHECKED against multiple_testing.json: set ABACUS_VECTORS to the folder that holds it")
	}
	raw, err := os.ReadFile(filepath.Join(folder, "multiple_testing.json"))
	require.NoError(t, err)
	var file struct {
		Cases []struct {
			Method   string
			P        []float64
			Adjusted []float64
			Sorted   []float64 `json:"adjusted_sorted"` // those of the tests in Order
			Order    []int
		}
	}
	require.NoError(t, json.Unmarshal(raw, &file))
	require.Len(t, file.Cases, 3)
	adjust := map[string]func([]float64) []float64{"holm": Holm, "benjamini_hochberg": BenjaminiHochberg}
	for _, c := range file.Cases {
		got := adjust[c.Method](c.P)
		if c.Adjusted != nil {
			require.InDeltaSlice(t, c.Adjusted, got, 1e-12)
			continue
		}
		require.Len(t, c.Order, len(c.P), c.Method)
		for i, test := range c.Order {
			require.InDelta(t, c.Sorted[i], got[test], 1e-12, "%s: test %d", c.Method, test)
		}
	}
}

// By the definitions: Holm rejects the smallest p while p_(i) <= alpha/(m-i), BH all up to the last with p_(i) <= alpha (i+1)/m.
func TestAdjustedPRejectsWhatTheProceduresReject(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.Float64Range(0, 0.3), 1, 12).Draw(t, "p")
		alpha := rapid.Float64Range(0.01, 0.2).Draw(t, "alpha")
		sorted := slices.Sorted(slices.Values(p))
		m := float64(len(p))
		holm, step := 0, 0
		for holm < len(p) && sorted[holm] <= alpha/(m-float64(holm)) {
			holm++
		}
		for i, x := range sorted {
			if x <= alpha*float64(i+1)/m {
				step = i + 1
			}
		}
		for _, x := range append(Holm(p), BenjaminiHochberg(p)...) {
			if math.Abs(x-alpha) < 1e-12 {
				return // rounding decides
			}
		}
		require.Equal(t, holm, rejected(Holm(p), alpha))
		require.Equal(t, step, rejected(BenjaminiHochberg(p), alpha))
		for i, x := range Holm(p) {
			require.True(t, p[i] <= x && x <= 1)
			require.LessOrEqual(t, BenjaminiHochberg(p)[i], x+1e-12, "the milder of the two")
		}
	})
}

func rejected(adjusted []float64, alpha float64) (n int) {
	for _, p := range adjusted {
		if p <= alpha {
			n++
		}
	}
	return n
}

func TestTestsWithoutPCount(t *testing.T) {
	require.Equal(t, []float64{0.03, 1, 1}, Holm([]float64{0.01, math.NaN(), 7}))
	require.Equal(t, []float64{0.03, 1, 1}, BenjaminiHochberg([]float64{0.01, -1, math.Inf(1)}))
	require.Empty(t, Holm(nil))
	require.Empty(t, BenjaminiHochberg(nil))
}
