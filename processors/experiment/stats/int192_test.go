package stats

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestInt192Edges(t *testing.T) {
	for _, c := range []struct {
		name string
		got  Int192
		want string
	}{
		{"zero", Int192{}, "0"},
		{"minus one", Int192{}.AddInt64Product(-1, 1), "-1"},
		{"carry through two words", Int192{Mid: math.MaxUint64, Lo: math.MaxUint64}.AddInt64Product(1, 1), "340282366920938463463374607431768211456"},
		{"borrow through two words", Int192{Hi: 1}.SubInt64Product(1, 1), "340282366920938463463374607431768211455"},
		{"least squared", Int192{}.AddInt64Product(math.MinInt64, math.MinInt64), "85070591730234615865843651857942052864"},
		{"least by greatest", Int192{}.AddInt64Product(math.MinInt64, math.MaxInt64), "-85070591730234615856620279821087277056"},
		{"least", Int192{Hi: math.MinInt64}, "-3138550867693340381917894711603833208051177722232017256448"},
	} {
		require.Equal(t, c.want, c.got.String(), c.name)
		require.Equal(t, c.got.Big().Sign(), c.got.Sign(), c.name)
	}
}

func TestInt192EqualsBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := drawInt192(t, "x"), drawInt192(t, "y")
		v, w := rapid.Int64().Draw(t, "v"), rapid.Int64().Draw(t, "w")
		a, b := x.Big(), y.Big()
		vw := new(big.Int).Mul(big.NewInt(v), big.NewInt(w))
		equalBig(t, new(big.Int).Add(a, b), x.Add(y).Big())
		equalBig(t, new(big.Int).Sub(a, b), x.Sub(y).Big())
		equalBig(t, new(big.Int).Neg(a), x.Neg().Big())
		equalBig(t, new(big.Int).Add(a, vw), x.AddInt64Product(v, w).Big())
		equalBig(t, new(big.Int).Sub(a, vw), x.SubInt64Product(v, w).Big())
		require.Equal(t, a.Sign(), x.Sign())
		require.Equal(t, a.String(), x.String())
	})
}

func TestInt192Bytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := drawInt192(t, "x")
		written := x.Append([]byte{7})
		require.Len(t, written, 1+24)
		back, err := ParseInt192(written[1:])
		require.NoError(t, err)
		require.Equal(t, x, back)
	})
	_, err := ParseInt192(make([]byte, 25))
	require.ErrorContains(t, err, "takes 24 bytes, not 25")
}

// drawInt192 leaves one bit of room, so that a sum of two fits.
func drawInt192(t *rapid.T, label string) Int192 {
	return Int192{
		Hi:  rapid.Int64Range(-1<<62, 1<<62-1).Draw(t, label+" hi"),
		Mid: rapid.Uint64().Draw(t, label+" mid"),
		Lo:  rapid.Uint64().Draw(t, label+" lo"),
	}
}
