package experiment_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/axiomhq/hyperloglog"
	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// However units are ordered, repeated and parted, the sketch is the same, and its count that of the library fed with them.
func TestUnitSketchDependsOnTheUnitsAlone(t *testing.T) {
	for _, n := range []int{0, 1, 2, 10, 300, 5000, 60_000} {
		whole, err := hyperloglog.NewSketch(12, false)
		require.NoError(t, err)
		var one, parts experiment.UnitSketch
		var halves [2]experiment.UnitSketch
		for i := range n {
			hash := xxhash.Sum64String(fmt.Sprint("u", i))
			one.Add(hash)
			whole.InsertHash(hash)
		}
		for _, i := range rand.New(rand.NewPCG(1, uint64(n))).Perm(n) {
			hash := xxhash.Sum64String(fmt.Sprint("u", i))
			halves[i%2].Add(hash)
			halves[i%3%2].Add(hash)
		}
		parts.Merge(halves[1])
		parts.Merge(halves[0])
		require.Equal(t, one, parts)
		require.EqualValues(t, whole.Estimate(), one.Count())
		require.InDelta(t, n, one.Count(), 0.05*float64(n))
		require.LessOrEqual(t, len(one), 4096)
	}
	var s experiment.UnitSketch
	s.Add(0)
	s.Add(1)
	require.Equal(t, experiment.UnitSketch{53}, s, "the greatest rank")
	require.EqualValues(t, 1, s.Count())
}
