package stats

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSumText(t *testing.T) {
	for _, c := range []struct {
		sum      int64
		decimals int
		want     string
	}{
		{0, 0, "0"},
		{0, 2, "0.00"},
		{5, 2, "0.05"},
		{-5, 2, "-0.05"},
		{-99, 2, "-0.99"},
		{100, 2, "1.00"},
		{-12345, 2, "-123.45"},
		{5234510, 2, "52345.10"},
		{-7, 0, "-7"},
		{1, 9, "0.000000001"},
		{math.MaxInt64, 6, "9223372036854.775807"},
	} {
		s := Sums{N: 1, S: Int128{}.AddInt64(c.sum)}
		require.Equal(t, c.want, s.SumText(c.decimals))
	}
	wide := Sums{S: Int128{Hi: -1 << 40}}
	require.Equal(t, "-20282409603651670423.947251286016", wide.SumText(12))
}

func TestMeanAndVariance(t *testing.T) {
	for _, c := range []struct {
		name           string
		totals         []int64
		decimals       int
		mean, variance float64
	}{
		{"halves", []int64{1, 2}, 0, 1.5, 0.5},
		{"decimals", []int64{10, 20, 30}, 1, 2, 1},
		{"negative", []int64{-3, -1}, 0, -2, 2},
		{"equal totals far from zero", []int64{1 << 53, 1 << 53, 1 << 53}, 0, 1 << 53, 0},
		{"one apart far from zero", []int64{1<<53 - 2, 1<<53 - 1, 1 << 53}, 0, 1<<53 - 1, 1},
		{"a third, rounded once", []int64{0, 0, 1}, 0, 1.0 / 3, 1.0 / 3},
		{"a tenth at nine decimals", []int64{100000000, 100000000}, 9, 0.1, 0},
	} {
		s := sumsOf(c.totals...)
		mean, ok := s.Mean(c.decimals)
		require.True(t, ok, c.name)
		require.Equal(t, c.mean, mean, c.name)
		variance, ok := s.Variance(c.decimals)
		require.True(t, ok, c.name)
		require.Equal(t, c.variance, variance, c.name)
		require.Equal(t, Sample{N: int64(len(c.totals)), Mean: mean, Variance: variance}, s.Sample(c.decimals))
	}
}

func TestMeanAndVarianceNotAvailable(t *testing.T) {
	for _, n := range []int64{-1, 0} {
		_, ok := Sums{N: n}.Mean(0)
		require.False(t, ok)
	}
	for _, n := range []int64{-2, 0, 1} {
		_, ok := Sums{N: n}.Variance(0)
		require.False(t, ok)
	}
	require.Equal(t, Sample{N: 1, Mean: 5}, sumsOf(5).Sample(0))
}

func TestCountOfSums(t *testing.T) {
	require.Equal(t, Count{N: 4, X: 3}, sumsOf(1, 0, 1, 1).Count())
	require.Equal(t, Count{}, Sums{N: 4, S: Int128{Hi: 1}}.Count())
}

func TestReplaceIsExcludeThenInclude(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		moved := sumsOf(drawTotals(t)...)
		moved.Include(a)
		stepped := moved
		moved.Replace(a, b)
		stepped.Exclude(a)
		stepped.Include(b)
		require.Equal(t, stepped, moved)
	})
}

func TestMergeOrderIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		totals := drawTotals(t)
		cut := rapid.IntRange(0, len(totals)).Draw(t, "cut")
		left, right := sumsOf(totals[:cut]...), sumsOf(totals[cut:]...)
		ab, ba := left, right
		ab.Add(right)
		ba.Add(left)
		require.Equal(t, sumsOf(totals...), ab)
		require.Equal(t, ab, ba)
		ab.Add(right.Neg())
		require.Equal(t, left, ab)
	})
}

func TestSumsEqualBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		totals := drawTotals(t)
		decimals := rapid.IntRange(0, 9).Draw(t, "decimals")
		s := sumsOf(totals...)
		n, sum, squares := big.NewInt(int64(len(totals))), new(big.Int), new(big.Int)
		for _, v := range totals {
			sum.Add(sum, big.NewInt(v))
			squares.Add(squares, new(big.Int).Mul(big.NewInt(v), big.NewInt(v)))
		}
		equalBig(t, sum, s.S.Big())
		equalBig(t, squares, s.SS.Big())
		scale := new(big.Rat).SetFrac(big.NewInt(1), powerOfTen(decimals))
		mean := new(big.Rat).SetFrac(sum, n)
		got, ok := s.Mean(decimals)
		require.True(t, ok)
		require.Equal(t, nearest(new(big.Rat).Mul(mean, scale)), got)
		if got, ok := s.Variance(decimals); ok {
			require.Equal(t, nearest(varianceOf(totals, mean, scale)), got)
		}
	})
}

func TestSumsBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Sums{N: rapid.Int64().Draw(t, "n"), S: drawInt128(t, "s"), SS: drawInt192(t, "ss")}
		written := s.Append([]byte{7})
		require.Len(t, written, 1+48)
		back, err := ParseSums(written[1:])
		require.NoError(t, err)
		require.Equal(t, s, back)
	})
	_, err := ParseSums(make([]byte, 47))
	require.ErrorContains(t, err, "take 48 bytes, not 47")
}

// varianceOf is the definition, sum (v-mean)^2/(n-1), in rationals.
func varianceOf(totals []int64, mean, scale *big.Rat) *big.Rat {
	sum := new(big.Rat)
	for _, v := range totals {
		gap := new(big.Rat).Sub(new(big.Rat).SetInt64(v), mean)
		sum.Add(sum, gap.Mul(gap, gap))
	}
	sum.Quo(sum, new(big.Rat).SetInt64(int64(len(totals)-1)))
	return sum.Mul(sum, new(big.Rat).Mul(scale, scale))
}

func nearest(r *big.Rat) float64 {
	f, _ := r.Float64()
	return f
}

func sumsOf(totals ...int64) Sums {
	var s Sums
	for _, v := range totals {
		s.Include(v)
	}
	return s
}

func drawTotals(t *rapid.T) []int64 {
	return rapid.SliceOfN(rapid.Int64(), 1, 20).Draw(t, "totals")
}

func TestUpdatingSumsAllocatesNothing(t *testing.T) {
	s, o := sumsOf(1, 2, 3), sumsOf(-4, 5)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		s.Include(7)
		s.Replace(7, -9)
		s.Exclude(-9)
		s.Add(o)
	}))
}

func BenchmarkReplace(b *testing.B) {
	s := sumsOf(1, 2, 3)
	b.ReportAllocs()
	for i := range int64(b.N) {
		s.Replace(i, i+1)
	}
}

func BenchmarkSample(b *testing.B) {
	var s Sums
	for i := range int64(10_000) {
		s.Include(i * 997 % 100_003)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Sample(2)
	}
}
