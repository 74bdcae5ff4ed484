package stats

import (
	"math"
	"math/big"
)

// quotient is num/den as the nearest float64, ties to even; den > 0.
// The result must be a normal number: sums of int64 over counts always are.
func quotient(num, den *big.Int) float64 {
	if num.Sign() == 0 {
		return 0
	}
	// Shifted so, the integer quotient has 63 or 64 bits: more than 53, and it fits a word.
	shift := 63 - (num.BitLen() - den.BitLen())
	n, d := new(big.Int).Abs(num), den
	if shift >= 0 {
		n.Lsh(n, uint(shift))
	} else {
		d = new(big.Int).Lsh(den, uint(-shift))
	}
	rest := new(big.Int)
	n.QuoRem(n, d, rest)
	word := n.Uint64()
	if rest.Sign() != 0 {
		word |= 1 // a tail below the last bit decides a tie, nothing else
	}
	f := math.Ldexp(float64(word), -shift)
	if num.Sign() < 0 {
		return -f
	}
	return f
}

// powerOfTen is 10^n for n >= 0.
func powerOfTen(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}
