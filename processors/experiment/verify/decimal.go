package verify

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// decimal is an exact number: digits times 10^exp, without leading or trailing zeros in digits. Zero has no digits and no sign.
type decimal struct {
	negative bool
	digits   string
	exp      int64
}

// farthest bounds exponents; beyond it all numbers are as large, or as small, as there.
const farthest = 1_000_000_000_000_000_000

// largest is the greatest magnitude of a scaled value and of a unit's total.
const largest = int64(1) << 53

var numberGrammar = regexp.MustCompile(`^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$`)

// parseDecimal reads text by JSON's grammar of numbers, and nothing else.
func parseDecimal(text string) (decimal, bool) {
	part := numberGrammar.FindStringSubmatch(text)
	if part == nil {
		return decimal{}, false
	}
	digits := strings.TrimLeft(part[2]+part[3], "0")
	trimmed := strings.TrimRight(digits, "0")
	if trimmed == "" {
		return decimal{}, true
	}
	exp := new(big.Int)
	if part[4] != "" {
		exp.SetString(strings.TrimPrefix(part[4], "+"), 10)
	}
	exp.Add(exp, big.NewInt(int64(len(digits)-len(trimmed)-len(part[3]))))
	return decimal{negative: part[1] == "-", digits: trimmed, exp: clamp(exp)}, true
}

func clamp(exp *big.Int) int64 {
	bound := big.NewInt(farthest)
	if exp.CmpAbs(bound) <= 0 {
		return exp.Int64()
	}
	return int64(exp.Sign()) * farthest
}

// scaled is the value times 10^decimals, rounded half to even. rounded says that digits were lost; ok is false beyond 2^53.
func (d decimal) scaled(decimals int) (v int64, rounded, ok bool) {
	if d.digits == "" {
		return 0, false, true
	}
	exp := d.exp + int64(decimals)
	whole := int64(len(d.digits)) + exp // digits before the point
	switch {
	case whole > 17:
		return 0, false, false
	case whole < 0:
		return 0, true, true
	}
	n, _ := new(big.Int).SetString(d.digits, 10)
	if exp >= 0 {
		n.Mul(n, power(exp))
	} else {
		n, rounded = divide(n, power(-exp))
	}
	if n.Cmp(big.NewInt(largest)) > 0 {
		return 0, false, false
	}
	if d.negative {
		n.Neg(n)
	}
	return n.Int64(), rounded, true
}

// divide is n/by to the nearest integer, halves to the even one.
func divide(n, by *big.Int) (q *big.Int, rounded bool) {
	q, rest := new(big.Int).QuoRem(n, by, new(big.Int))
	rounded = rest.Sign() != 0
	switch rest.Lsh(rest, 1).Cmp(by) {
	case 1:
		q.Add(q, big.NewInt(1))
	case 0:
		q.Add(q, big.NewInt(int64(q.Bit(0))))
	}
	return q, rounded
}

func power(n int64) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil) }

// canonical is the one text of all equal numbers.
func (d decimal) canonical() string { return fmt.Sprintf("%t %s %d", d.negative, d.digits, d.exp) }

// decimalText is sum/10^decimals with exactly that many digits after the point, none and no point for 0.
func decimalText(sum *big.Int, decimals int) string {
	digits := new(big.Int).Abs(sum).String()
	sign := ""
	if sum.Sign() < 0 {
		sign = "-"
	}
	if decimals == 0 {
		return sign + digits
	}
	if len(digits) <= decimals {
		digits = strings.Repeat("0", decimals+1-len(digits)) + digits
	}
	point := len(digits) - decimals
	return sign + digits[:point] + "." + digits[point:]
}
