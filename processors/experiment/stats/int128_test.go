package stats

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestInt128Edges(t *testing.T) {
	two64 := Int128{Hi: 1}
	for _, c := range []struct {
		name string
		got  Int128
		want string
	}{
		{"zero", Int128{}, "0"},
		{"minus one", Int128{}.AddInt64(-1), "-1"},
		{"carry", Int128{Lo: math.MaxUint64}.AddInt64(1), "18446744073709551616"},
		{"borrow", two64.SubInt64(1), "18446744073709551615"},
		{"below zero", two64.Neg().AddInt64(-1), "-18446744073709551617"},
		{"least int64 taken off", Int128{}.SubInt64(math.MinInt64), "9223372036854775808"},
		{"least", Int128{Hi: math.MinInt64}, "-170141183460469231731687303715884105728"},
		{"greatest", Int128{Hi: math.MaxInt64, Lo: math.MaxUint64}, "170141183460469231731687303715884105727"},
	} {
		require.Equal(t, c.want, c.got.String(), c.name)
		require.Equal(t, c.got.Big().Sign(), c.got.Sign(), c.name)
		require.Equal(t, c.want, c.got.Big().String(), c.name)
	}
}

func TestInt128Int64(t *testing.T) {
	for _, v := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64} {
		got, fits := Int128{}.AddInt64(v).Int64()
		require.True(t, fits)
		require.Equal(t, v, got)
	}
	for _, x := range []Int128{{Hi: 1}, {Hi: -2}, {Lo: 1 << 63}, {Hi: -1, Lo: math.MaxInt64}} {
		_, fits := x.Int64()
		require.False(t, fits, x.String())
	}
}

func TestInt128EqualsBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := drawInt128(t, "x"), drawInt128(t, "y")
		v := rapid.Int64().Draw(t, "v")
		a, b := x.Big(), y.Big()
		equalBig(t, new(big.Int).Add(a, b), x.Add(y).Big())
		equalBig(t, new(big.Int).Sub(a, b), x.Sub(y).Big())
		equalBig(t, new(big.Int).Neg(a), x.Neg().Big())
		equalBig(t, new(big.Int).Add(a, big.NewInt(v)), x.AddInt64(v).Big())
		equalBig(t, new(big.Int).Sub(a, big.NewInt(v)), x.SubInt64(v).Big())
		require.Equal(t, a.Sign(), x.Sign())
		require.Equal(t, a.String(), x.String())
	})
}

func TestInt128Bytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := drawInt128(t, "x")
		written := x.Append([]byte{7})
		require.Len(t, written, 1+16)
		back, err := ParseInt128(written[1:])
		require.NoError(t, err)
		require.Equal(t, x, back)
	})
	require.Equal(t, []byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2}, Int128{Hi: 1, Lo: 2}.Append(nil))
	_, err := ParseInt128(make([]byte, 15))
	require.ErrorContains(t, err, "takes 16 bytes, not 15")
}

// drawInt128 leaves one bit of room, so that a sum of two fits.
func drawInt128(t *rapid.T, label string) Int128 {
	return Int128{
		Hi: rapid.Int64Range(-1<<62, 1<<62-1).Draw(t, label+" hi"),
		Lo: rapid.Uint64().Draw(t, label+" lo"),
	}
}

func equalBig(t *rapid.T, want, got *big.Int) {
	t.Helper()
	require.Zero(t, want.Cmp(got), "want %v, got %v", want, got)
}
