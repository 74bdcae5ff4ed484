package event

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// The functions of this file read one token of data from i and return the index after it, or -1 if it is malformed.

// maxDepth is the deepest nesting of objects and arrays that encoding/json accepts.
const maxDepth = 10_000

// space skips white space; the usual case, none, is inlined.
func space(data []byte, i int) int {
	if i < len(data) && data[i] > ' ' {
		return i
	}
	return spaces(data, i)
}

func spaces(data []byte, i int) int {
	for i < len(data) && data[i] <= ' ' {
		if c := data[i]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			break
		}
		i++
	}
	return i
}

// special has the high bit of a byte set where w holds a quote, a backslash, a control character or a byte beyond
// ASCII (which keeps its high bit in the first or the second term). Bits above the lowest one set may be wrong.
func special(w uint64) uint64 {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	return (((w ^ '"'*ones) - ones) | ((w ^ '\\'*ones) - ones) | (w - ' '*ones)) & high
}

// stringEnd returns the index of the closing quote of the string whose first byte is at i. plain: no escapes in it.
func stringEnd(data []byte, i int) (end int, plain bool) {
	at := i
	for at+8 <= len(data) {
		if m := special(binary.LittleEndian.Uint64(data[at:])); m != 0 {
			at += bits.TrailingZeros64(m) >> 3
			if data[at] == '"' {
				return at, true
			}
			break
		}
		at += 8
	}
	return oddStringEnd(data, i, at)
}

// oddStringEnd is stringEnd from at on, for strings with escapes or beyond ASCII and for the data's last bytes.
func oddStringEnd(data []byte, start, at int) (end int, plain bool) {
	plain, ascii := true, true
	for at < len(data) {
		switch c := data[at]; {
		case c == '"':
			if !ascii && !utf8.Valid(data[start:at]) {
				return -1, false
			}
			return at, plain
		case c == '\\':
			n := escapeLen(data, at)
			if n == 0 {
				return -1, false
			}
			plain = false
			at += n
		case c < ' ':
			return -1, false
		default:
			ascii = ascii && c < utf8.RuneSelf
			at++
		}
	}
	return -1, false
}

// escapeLen returns the length of the escape whose backslash is at i, 0 if it is none.
func escapeLen(data []byte, i int) int {
	if i+1 >= len(data) {
		return 0
	}
	switch data[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if i+6 <= len(data) && hex4(data[i+2:]) >= 0 {
			return 6
		}
	}
	return 0
}

// hex4 returns the number that four hexadecimal digits write, -1 if they do not.
func hex4(data []byte) rune {
	var r rune
	for _, c := range data[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// number reads a number; plain: digits and perhaps a minus, nothing else.
func number(data []byte, i int) (d Decimal, plain bool, end int) {
	if i < len(data) && data[i] == '-' {
		d.neg = true
		i++
	}
	first := i
	d.coef, i = digits(data, i, 0)
	if i == first || data[first] == '0' && i > first+1 {
		return d, false, -1
	}
	count, last := i-first, i
	plain = true
	if i < len(data) && data[i] == '.' {
		plain = false
		d.coef, last = digits(data, i+1, d.coef)
		if last == i+1 {
			return d, false, -1
		}
		d.exp = int64(i + 1 - last)
		count -= int(d.exp)
		i = last
	}
	if i < len(data) && data[i]|0x20 == 'e' {
		plain = false
		var exp int64
		if exp, i = exponent(data, i+1); i < 0 {
			return d, false, -1
		}
		d.exp += exp
	}
	if count > 19 {
		d = longDecimal(d.neg, data[first:last], d.exp)
	}
	return d, plain, i
}

// digits reads decimal digits, none to any number of them, onto n; beyond 19 of them n is meaningless.
func digits(data []byte, i int, n uint64) (uint64, int) {
	for i < len(data) {
		c := data[i] - '0'
		if c > 9 {
			break
		}
		n = n*10 + uint64(c)
		i++
	}
	return n, i
}

// exponent reads what follows the e of a number.
func exponent(data []byte, i int) (exp int64, end int) {
	neg := false
	if i < len(data) && (data[i] == '-' || data[i] == '+') {
		neg = data[i] == '-'
		i++
	}
	first := i
	for ; i < len(data) && '0' <= data[i] && data[i] <= '9'; i++ {
		if exp < 1e18 {
			exp = min(exp*10+int64(data[i]-'0'), 1e18)
		}
	}
	if i == first {
		return 0, -1
	}
	if neg {
		exp = -exp
	}
	return exp, i
}
