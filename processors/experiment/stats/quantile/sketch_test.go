package quantile

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func drawValues(t *rapid.T, label string) []int64 {
	value := rapid.OneOf(rapid.Int64Range(-60, 60), rapid.Int64Range(-mostValue, mostValue), rapid.Int64Range(0, 1e9))
	return rapid.SliceOfN(value, 0, 60).Draw(t, label)
}

func sketchOf(values []int64) (s Sketch) {
	for _, v := range values {
		s.Add(v, 1)
	}
	return s
}

// The edges are the powers of 101/99 rounded down, by rationals.
func TestEdgesAreExact(t *testing.T) {
	all := edges()
	require.Len(t, all, 1838)
	power, growth := big.NewRat(1, 1), big.NewRat(101, 99)
	for i, edge := range all {
		whole := new(big.Int).Quo(power.Num(), power.Denom())
		require.Equal(t, whole.Int64(), edge, i)
		power.Mul(power, growth)
	}
	require.GreaterOrEqual(t, all[len(all)-1], int64(mostValue))
}

func TestEveryValueIsWithinOnePercentOfItsBin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.Int64Range(-2000, 2000), rapid.Int64Range(-mostValue, mostValue)).Draw(t, "v")
		bin := binOf(v)
		got := valueOf(bin)
		require.LessOrEqual(t, math.Abs(got-float64(v)), accuracy*(1+1e-12)*math.Abs(float64(v)))
		require.LessOrEqual(t, math.Abs(got-float64(v)), errorOf(bin)*(1+1e-12))
		require.Equal(t, -bin, binOf(-v))
	})
	for v := int64(-49); v <= 49; v++ {
		require.Equal(t, float64(v), valueOf(binOf(v)), "small integers are exact")
	}
	require.Equal(t, binOf(mostValue), binOf(math.MaxInt64))
	require.Equal(t, binOf(-mostValue), binOf(math.MinInt64))
}

func TestQuantileIsWithinOnePercentOfTheSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := append(drawValues(t, "values"), 7)
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		got, ok := sketchOf(values).Quantile(q, 0)
		require.True(t, ok)
		slices.Sort(values)
		want := float64(values[int(q*float64(len(values)-1))])
		require.LessOrEqual(t, math.Abs(got-want), accuracy*(1+1e-12)*math.Abs(want))
	})
}

func TestSketchesMergeAndGiveBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawValues(t, "a"), drawValues(t, "b")
		ab, ba := sketchOf(a), sketchOf(b)
		ab.Merge(sketchOf(b))
		ba.Merge(sketchOf(a))
		require.Equal(t, ab.Append(nil), ba.Append(nil))
		require.EqualValues(t, len(a)+len(b), ab.N())
		for _, v := range b {
			ab.Add(v, -1)
		}
		require.Equal(t, sketchOf(a).Append(nil), ab.Append(nil), "as if b had never been")
		ab.Merge(sketchOf(a).Neg())
		require.True(t, ab.Empty())
	})
}

func TestSketchWrittenForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sketchOf(drawValues(t, "values"))
		s.Merge(sketchOf(drawValues(t, "taken")).Neg())
		raw := s.Append(nil)
		var back Sketch
		back.Add(5, 1)
		rest, err := back.Parse(append(raw, "rest"...))
		require.NoError(t, err)
		require.Equal(t, "rest", string(rest))
		require.Equal(t, s.Append(nil), back.Append(nil))
	})
	for _, raw := range [][]byte{{}, {1}, {2}, {1, 2}, {1, 2, 0}, {2, 2, 2, 2, 2}, {2, 4, 2, 2, 2}, {1, 0x80}, {0x80}, {1, 0xfe, 0xff, 0xff, 0x0f, 2}} {
		var s Sketch
		_, err := s.Parse(raw)
		require.Error(t, err, raw)
	}
}

func TestQuantileNotAvailable(t *testing.T) {
	var s Sketch
	_, ok := s.Quantile(0.5, 0)
	require.False(t, ok, "no values")
	s.Add(5, 3)
	for _, q := range []float64{-0.1, 1.1, math.NaN()} {
		_, ok = s.Quantile(q, 0)
		require.False(t, ok)
	}
	v, ok := s.Quantile(0.5, 2)
	require.True(t, ok)
	require.Equal(t, 0.05, v)
	s.Add(7, -1)
	_, ok = s.Quantile(0.5, 0)
	require.False(t, ok, "a delta has no quantile")
}

func BenchmarkAdd(b *testing.B) {
	var s Sketch
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		s.Add(i*7919%1_000_000_007, 1)
	}
}

// A bin is found by a hint; the edges alone say which it must be.
func TestBinOfIsTheFirstEdgeNotBelow(t *testing.T) {
	all := edges()
	check := func(v int64) {
		i, _ := slices.BinarySearch(all, v)
		require.EqualValues(t, i+1, binOf(v), v)
	}
	for i, edge := range all[:len(all)-1] {
		check(edge)
		check(edge + 1)
		if i > 0 {
			check(max(edge-1, 1))
		}
	}
	for v := int64(1); v <= mostValue/2; v *= 2 {
		check(v)
		check(v + v/3)
		check(2*v - 1)
	}
	rapid.Check(t, func(t *rapid.T) { check(rapid.Int64Range(1, mostValue).Draw(t, "v")) })
}
