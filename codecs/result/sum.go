package result

import (
	"math/big"
	"strings"
)

// FormatSum returns unscaled / 10^decimals with exactly that many decimals: 5234510 and 2 give "52345.10"; with no
// decimals an integer.
func FormatSum(unscaled *big.Int, decimals int) string {
	digits := new(big.Int).Abs(unscaled).String()
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	sign := ""
	if unscaled.Sign() < 0 {
		sign = "-"
	}
	point := len(digits) - decimals
	if decimals == 0 {
		return sign + digits
	}
	return sign + digits[:point] + "." + digits[point:]
}
