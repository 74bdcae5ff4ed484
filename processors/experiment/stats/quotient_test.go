package stats

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestQuotientTies(t *testing.T) {
	for _, c := range []struct {
		name     string
		num, den int64
		want     float64
	}{
		{"zero", 0, 3, 0},
		{"exact", 3, 4, 0.75},
		{"negative", -1, 3, -1.0 / 3},
		{"tie goes to even, down", 1<<53 + 1, 1, 1 << 53},
		{"tie goes to even, up", 1<<53 + 3, 1, 1<<53 + 4},
		{"just above a tie", 2*(1<<53+1) + 1, 2, 1<<53 + 2},
		{"all bits", math.MaxInt64, 1, 1 << 63},
	} {
		require.Equal(t, c.want, quotient(big.NewInt(c.num), big.NewInt(c.den)), c.name)
	}
}

// A remainder too small for the 64-bit quotient still decides a tie.
func TestQuotientTieWithATail(t *testing.T) {
	den := powerOfTen(12)
	num := new(big.Int).Mul(big.NewInt(1<<53+1), den)
	require.Equal(t, float64(1<<53), quotient(num, den))
	num.Add(num, big.NewInt(1))
	require.Equal(t, float64(1<<53+2), quotient(num, den))
	require.Equal(t, -float64(1<<53+2), quotient(num.Neg(num), den))
}

func TestQuotientIsTheNearestFloat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		num := drawInt192(t, "num").Big()
		num.Rsh(num, uint(rapid.IntRange(0, 190).Draw(t, "shift")))
		den := drawInt128(t, "den").Big()
		den.Abs(den).Add(den, big.NewInt(1))
		kept := new(big.Int).Set(num)
		require.Equal(t, nearest(new(big.Rat).SetFrac(num, den)), quotient(num, den))
		equalBig(t, kept, num)
	})
}
