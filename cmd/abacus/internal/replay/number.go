package replay

import (
	"math"
	"strconv"
	"strings"

	"github.com/abacus-stream/abacus/codecs/event"
)

// The most decimals a metric keeps, and the largest scaled value it can hold.
const (
	maxDecimals = 9
	maxScaled   = 1 << 53
)

// truths are the words of conversion columns.
var truths = map[string]bool{
	"true": true, "yes": true, "y": true, "t": true,
	"false": false, "no": false, "n": false, "f": false, "": false,
}

// parseTruth reads a cell of a conversion column: a word, or a number that is zero or not.
func parseTruth(cell string) (value, ok bool) {
	if value, ok = truths[strings.ToLower(cell)]; ok {
		return value, true
	}
	number, ok := parseNumber(cell)
	return number != 0, ok
}

// parseNumber reads a decimal number as a float, for comparing.
func parseNumber(text string) (value float64, ok bool) {
	if text == "" || strings.Trim(text, "+-.0123456789eE") != "" {
		return 0, false
	}
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil
}

// parseAmount reads a decimal number exactly. Beyond JSON's grammar it knows a plus sign, leading zeros, and a point
// without digits on one side. The result aliases dst, which is returned grown.
func parseAmount(dst []byte, text string) (value event.Decimal, grown []byte, ok bool) {
	start := len(dst)
	dst = append(dst, text...)
	if value, ok = event.ParseDecimal(dst[start:]); ok {
		return value, dst, true
	}
	dst = appendPlain(dst[:start], text)
	value, ok = event.ParseDecimal(dst[start:])
	return value, dst, ok
}

// appendPlain appends the number in JSON's form; of what is no number, something that is none either.
func appendPlain(dst []byte, text string) []byte {
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		dst, text = append(dst, '-'), rest
	} else {
		text = strings.TrimPrefix(text, "+")
	}
	mantissa, exponent := text, ""
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent = text[:i], text[i:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole == "" && fraction == "" {
		return append(dst, '?')
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" || whole[0] < '0' || whole[0] > '9' {
		whole = "0" + whole
	}
	dst = append(dst, whole...)
	if fraction != "" {
		dst = append(append(dst, '.'), fraction...)
	}
	return append(dst, exponent...)
}

// precision is what the values of one mean column need.
type precision struct {
	needed    int     // decimals that lose nothing, as far as maxDecimals
	cut       bool    // some value has more
	most, sum float64 // greatest magnitude, and the sum of all
}

func (p *precision) see(value event.Decimal, magnitude float64) {
	p.most = max(p.most, magnitude)
	p.sum += magnitude
	for {
		_, rounded, ok := value.Scaled(p.needed)
		if !ok || !rounded {
			return
		}
		if p.needed == maxDecimals {
			p.cut = true
			return
		}
		p.needed++
	}
}

// decimals returns how many digits after the point to keep: as many as needed, at most nine, and no more than the
// largest value allows. Where digits are lost anyway, so few that no total of a unit can pass the bound.
func (p *precision) decimals() int {
	bound := p.most
	if p.cut {
		bound = p.sum
	}
	d := p.needed
	for d > 0 && bound*math.Pow10(d) > maxScaled {
		d--
	}
	return d
}
