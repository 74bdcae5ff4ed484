package assign

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

func definition(name string, traffic float64, weights ...float64) *experiment.Definition {
	d := &experiment.Definition{Experiment: name, Traffic: &traffic}
	for i, w := range weights {
		d.Variants = append(d.Variants, experiment.Variant{Name: string(rune('a' + i)), Weight: w})
	}
	return d
}

func unit(i int) string { return fmt.Sprint("u", i) }

// With fixed names the figures are fixed: chance decided once that these hashes split well.
func TestUnitsSplitByTheirWeights(t *testing.T) {
	for _, weights := range [][]float64{{50, 50}, {1, 9}, {1, 1, 1}, {0.2, 0, 0.8}} {
		d, counts := definition("checkout", 1, weights...), make([]int64, len(weights))
		for i := range 60_000 {
			variant, in := Of(d, unit(i))
			require.True(t, in)
			counts[d.Variants.Index(variant)]++
		}
		_, _, p, _ := stats.ChiSquare(counts, weights)
		require.Greater(t, p, 0.001, "%v: %v", weights, counts)
		for i, w := range weights {
			require.Equal(t, w == 0, counts[i] == 0)
		}
	}
}

// One experiment must not decide another, nor the layer what its units are given: 2 x 2 tables of eight seeds.
func TestSharesOfSeedsAreIndependent(t *testing.T) {
	const units = 20_000
	var upper [8][units]bool
	for s := range upper {
		seed := fmt.Sprint("experiment-", s)
		for i := range units {
			upper[s][i] = Share(seed, unit(i)) >= 0.5
			if s == 7 {
				upper[s][i] = Draws(experiment.Layer{Name: "experiment-1", From: 0.5, To: 1}, unit(i))
			}
		}
	}
	for a := range upper {
		for b := range a {
			var same int64
			for i := range units {
				if upper[a][i] == upper[b][i] {
					same++
				}
			}
			_, _, p, _ := stats.ChiSquare([]int64{same, units - same}, []float64{1, 1})
			require.Greater(t, p, 0.0005, "seeds %d and %d", a, b)
		}
	}
}

func TestMoreTrafficMovesNoUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Float64Range(0, 100), 2, 6).Draw(t, "weights")
		weights[0] += 0.1
		less := rapid.Float64Range(0, 1).Draw(t, "less")
		more := rapid.Float64Range(less, 1).Draw(t, "more")
		for i := range 50 {
			before, was := Of(definition("ramp", less, weights...), unit(i))
			after, is := Of(definition("ramp", more, weights...), unit(i))
			require.True(t, is || !was, "in with traffic %v, out with %v", less, more)
			if was {
				require.Equal(t, before, after)
			}
		}
		_, in := Of(definition("ramp", 1, weights...), rapid.String().Draw(t, "unit"))
		require.True(t, in, "all traffic is every unit")
	})
}

// The top share is in the last range, whatever the rounding of the weights' sum.
func TestTheTopShareHasAVariant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights, sum := rapid.SliceOfN(rapid.Float64Range(0.001, 1000), 1, 16).Draw(t, "weights"), 0.0
		for _, w := range weights {
			sum += w
		}
		require.Equal(t, len(weights)-1, Choose(math.Nextafter(1, 0)*sum, Ranges(weights, 1)))
	})
}

func TestPartsOfALayerShareNoUnit(t *testing.T) {
	low, high := definition("low", 1, 1, 1), definition("high", 0.5, 1, 1)
	low.Layer, high.Layer = &experiment.Layer{Name: "page", To: 0.3}, &experiment.Layer{Name: "page", From: 0.3, To: 1}
	require.False(t, low.Layer.Meets(high.Layer))
	inLow, inHigh := 0.0, 0.0
	for i := range 20_000 {
		_, a := Of(low, unit(i))
		_, b := Of(high, unit(i))
		require.False(t, a && b)
		require.True(t, Draws(*low.Layer, unit(i)) != Draws(*high.Layer, unit(i)))
		if a {
			inLow++
		}
		if b {
			inHigh++
		}
	}
	require.InDelta(t, 0.3, inLow/20_000, 0.01)
	require.InDelta(t, 0.35, inHigh/20_000, 0.01, "the traffic is of the part")
}

func TestGrowthBookHasTwoVersions(t *testing.T) {
	require.NoError(t, GrowthBook{}.Validate())
	require.Equal(t, GrowthBook{Version: 2}.Share("a", "b"), GrowthBook{}.Share("a", "b"))
	require.ErrorContains(t, GrowthBook{Version: 3}.Validate(), "not 3")
}

func TestGrowthBookTakesWeightsThatAddUpAlmost(t *testing.T) {
	for _, c := range []struct {
		weights []float64
		kept    bool
	}{
		{[]float64{0.5, 0.49}, true}, {[]float64{0.5, 0.48}, false}, {[]float64{0.5, 0.51}, true}, {[]float64{0.5, 0.52}, false},
	} {
		got := GrowthBook{}.Weights(c.weights, 2)
		require.Equal(t, c.kept, got[1] == c.weights[1], c.weights)
	}
}

func ExampleOf() {
	d := &experiment.Definition{
		Experiment: "checkout-button",
		Variants:   experiment.Variants{{Name: "control", Weight: 50}, {Name: "treatment", Weight: 50}},
		Layer:      &experiment.Layer{Name: "page", From: 0, To: 0.5},
	}
	for _, unit := range []string{"u42", "u43", "u44", "u45"} {
		if variant, in := Of(d, unit); in {
			fmt.Println(unit, variant)
		}
	}
	// Output:
	// u42 control
	// u43 control
	// u45 treatment
}
