package event

import (
	"bytes"
	"math/bits"
	"strconv"
)

// Decimal is an exact decimal number: what JSON's number grammar can write, never a float. The zero value is 0.
// It may alias the text it was read from. Exponents are exact to ±10^18; beyond, all are as that.
type Decimal struct {
	coef uint64 // the first 19 significant digits, or all if there are no more
	exp  int64  // the exponent of coef's last digit
	neg  bool
	tail []byte // the digits after coef, with a '.' perhaps among them; the last is not 0; nil: none
}

// maxScaled is the largest magnitude of a scaled value: every integer up to it is a float64 too.
const maxScaled = 1 << 53

var pow10 = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
	1e17, 1e18, 1e19}

// NewDecimal returns unscaled / 10^decimals: NewDecimal(1234, 2) is 12.34.
func NewDecimal(unscaled int64, decimals int) Decimal {
	d := Decimal{coef: uint64(unscaled), exp: -int64(decimals)}
	if unscaled < 0 {
		d.neg, d.coef = true, -uint64(unscaled)
	}
	return d
}

// ParseDecimal reads text by JSON's number grammar; ok is false if text is anything else. The result may alias text.
func ParseDecimal(text []byte) (d Decimal, ok bool) {
	d, _, end := number(text, 0)
	return d, end == len(text)
}

// Scaled returns the value times 10^decimals, rounded half-even; rounded says that this lost something. ok is false,
// and v 0, if |v| is beyond 2^53.
func (d Decimal) Scaled(decimals int) (v int64, rounded, ok bool) {
	e := d.exp + int64(decimals)
	var n uint64
	switch {
	case d.coef == 0:
		return 0, false, true
	case e >= 0:
		n, ok = scaleUp(d.coef, e) // with a tail coef has 19 digits: out of range
	default:
		n, rounded = d.scaleDown(-e)
		ok = true
	}
	if !ok || n > maxScaled {
		return 0, false, false
	}
	if d.neg {
		return -int64(n), rounded, true
	}
	return int64(n), rounded, true
}

func scaleUp(coef uint64, e int64) (n uint64, ok bool) {
	if e >= int64(len(pow10)) {
		return 0, false
	}
	hi, lo := bits.Mul64(coef, pow10[e])
	return lo, hi == 0
}

// scaleDown divides by 10^k, k > 0, half-even.
func (d Decimal) scaleDown(k int64) (n uint64, rounded bool) {
	if k >= int64(len(pow10)) {
		return 0, true // below 10^19 / 10^20
	}
	p := pow10[k]
	n, rest := d.coef/p, d.coef%p
	rounded = rest != 0 || d.tail != nil
	if rest > p/2 || rest == p/2 && (d.tail != nil || n&1 == 1) {
		n++
	}
	return n, rounded
}

// String returns the number as JSON; plain digits where they are few, else with an exponent.
func (d Decimal) String() string { return string(d.Append(nil)) }

// Append appends what String returns.
func (d Decimal) Append(dst []byte) []byte {
	var room [20]byte
	digits := strconv.AppendUint(room[:0], d.coef, 10)
	for _, c := range d.tail {
		if c != '.' {
			digits = append(digits, c)
		}
	}
	exp := d.exp - int64(len(digits)-decimalLen(d.coef))
	if d.neg {
		dst = append(dst, '-')
	}
	switch point := int64(len(digits)) + exp; {
	case exp > 0 || point < -6: // an exponent
		dst = append(append(dst, digits...), 'e')
		return strconv.AppendInt(dst, exp, 10)
	case exp == 0:
		return append(dst, digits...)
	case point <= 0:
		dst = append(append(dst, "0."...), "000000"[:-point]...)
		return append(dst, digits...)
	default:
		dst = append(append(dst, digits[:point]...), '.')
		return append(dst, digits[point:]...)
	}
}

// normal returns the one form that all equal numbers share: no trailing zeros, no negative zero.
func (d Decimal) normal() Decimal {
	if d.coef == 0 {
		return Decimal{}
	}
	for d.tail == nil && d.coef%10 == 0 {
		d.coef /= 10
		d.exp++
	}
	return d
}

// integer is the int64 that d is, if it has neither fraction nor exponent; 0 and not ok if it has, or is beyond.
func (d Decimal) integer() (n int64, ok bool) {
	switch {
	case d.exp != 0:
		return 0, false
	case !d.neg && d.coef <= 1<<63-1:
		return int64(d.coef), true
	case d.neg && d.coef <= 1<<63:
		return -int64(d.coef), true
	}
	return 0, false
}

func decimalLen(n uint64) int {
	for i, p := range pow10 {
		if n < p {
			return max(i, 1)
		}
	}
	return len(pow10)
}

// longDecimal reads a number of more than 19 digits; text is its digits with a '.' perhaps among them, exp the
// exponent of the last digit.
func longDecimal(neg bool, text []byte, exp int64) Decimal {
	text = bytes.TrimLeft(text, "0.")
	for n := len(text); n > 0 && (text[n-1] == '0' || text[n-1] == '.'); n = len(text) {
		if text[n-1] == '0' {
			exp++
		}
		text = text[:n-1]
	}
	d := Decimal{neg: neg}
	i, read := 0, 0
	for ; i < len(text) && read < 19; i++ {
		if c := text[i]; c != '.' {
			d.coef = d.coef*10 + uint64(c-'0')
			read++
		}
	}
	rest := text[i:]
	d.exp = exp + int64(len(rest)-bytes.Count(rest, []byte(".")))
	if len(rest) > 0 {
		d.tail = rest
	}
	return d
}
