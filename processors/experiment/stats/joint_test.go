package stats

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawUnits draws units of so many totals each.
func drawUnits(t *rapid.T, totals int, label string) [][]int64 {
	unit := rapid.SliceOfN(rapid.Int64Range(-1<<53, 1<<53), totals, totals)
	return rapid.SliceOfN(unit, 0, 12).Draw(t, label)
}

func jointOf(units [][]int64) (j Joint) {
	for _, u := range units {
		j.Include(u...)
	}
	return j
}

func TestJointIsTheSumsOfAllProducts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		totals := rapid.IntRange(1, mostTotals).Draw(t, "totals")
		units := drawUnits(t, totals, "units")
		j := jointOf(units)
		require.EqualValues(t, len(units), j.N)
		for a := range totals {
			plain := Sums{}
			for _, u := range units {
				plain.Include(u[a])
			}
			require.Equal(t, plain, j.Sums(a))
			for b := range totals {
				want := new(big.Int)
				for _, u := range units {
					want.Add(want, new(big.Int).Mul(big.NewInt(u[a]), big.NewInt(u[b])))
				}
				if len(units) > 0 {
					equalBig(t, want, j.P[j.at(a, b)].Big())
				}
			}
		}
	})
}

func TestJointOfTheFirstTotals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		totals := rapid.IntRange(1, mostTotals).Draw(t, "totals")
		units := append(drawUnits(t, totals, "units"), make([]int64, totals))
		first := rapid.IntRange(1, totals).Draw(t, "first")
		var want Joint
		for _, u := range units {
			want.Include(u[:first]...)
		}
		j := jointOf(units)
		require.Equal(t, want, j.First(first))
		j.Clear()
		require.Equal(t, jointOf([][]int64{make([]int64, totals)}).S, j.S)
		require.Zero(t, j.N)
	})
}

func TestJointRatio(t *testing.T) {
	var j Joint
	_, _, reason := j.Ratio([2]int{2, 0})
	require.Equal(t, ReasonNoDenominator, reason)
	j.Include(300, 2)
	r, _, reason := j.Ratio([2]int{2, 0})
	require.InDelta(t, 1.5, r, 0)
	require.Equal(t, ReasonTooFewUnits, reason)
	j.Include(100, 2)
	r, variance, reason := j.Ratio([2]int{2, 0})
	require.Empty(t, reason)
	require.InDelta(t, 1, r, 0)
	require.InDelta(t, 2./4, variance, 1e-15, "s2m = 2, d is constant, md^2 = 4")
}

func TestJointMovesAndMerges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		totals := rapid.IntRange(1, mostTotals).Draw(t, "totals")
		units := append(drawUnits(t, totals, "units"), make([]int64, totals))
		moved := rapid.SliceOfN(rapid.Int64Range(-1<<53, 1<<53), totals, totals).Draw(t, "moved")
		cut := rapid.IntRange(0, len(units)).Draw(t, "cut")

		merged := jointOf(units[:cut])
		merged.Add(jointOf(units[cut:]))
		require.Equal(t, jointOf(units), merged)

		merged.Replace(units[0], moved)
		stepped := jointOf(units)
		stepped.Exclude(units[0]...)
		stepped.Include(moved...)
		require.Equal(t, stepped, merged)

		merged.Add(stepped.Neg())
		require.Zero(t, merged.N)
		for i := range merged.S {
			require.Zero(t, merged.Sums(i))
		}
	})
}

func TestJointWrittenForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		totals := rapid.IntRange(1, mostTotals).Draw(t, "totals")
		j := jointOf(append(drawUnits(t, totals, "units"), make([]int64, totals)))
		raw := j.Append(nil)
		require.Len(t, raw, []int{48, 112, 200, 312}[totals-1])
		back, err := ParseJoint(raw)
		require.NoError(t, err)
		require.Equal(t, j, back)
		if totals == 1 {
			require.Equal(t, j.Sums(0).Append(nil), raw, "one total is written as Sums")
		}
		_, err = ParseJoint(raw[1:])
		require.ErrorContains(t, err, "joint sums take")
	})
	require.Equal(t, Sums{N: 0}, Joint{}.Sums(3))
}
