package event

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// packedProps reads the map at i into ev.Props; any other value is read as none.
func (s *Scanner) packedProps(i int, ev *Event) int {
	ev.Props = ev.Props[:0]
	v, i := readPacked(s.data, i)
	if i < 0 || v.kind != packedMap {
		return v.skipMembers(s.data, i, 2)
	}
	for n := v.n; n > 0; n-- {
		ev.Props = append(ev.Props, Prop{})
		p := &ev.Props[len(ev.Props)-1]
		if p.Key, i = packedKey(s.data, i); i < 0 {
			return -1
		}
		if i = s.packedProp(i, p); i < 0 {
			return -1
		}
	}
	ev.Props = lastOfEach(ev.Props)
	return i
}

// packedProp reads the value of one prop. What is no string has the text of its JSON.
func (s *Scanner) packedProp(i int, p *Prop) int {
	if text, end := quickStr(s.data, i); end >= 0 && utf8.Valid(text) {
		p.Text = text
		return end
	}
	v, end := readPacked(s.data, i)
	switch v.kind {
	case packedStr:
		p.Text = v.body
		return end
	case packedBool, packedUint, packedInt, packedFloat, packedDouble:
		if p.Text = s.packedLiteral(v); p.Text != nil {
			p.Kind = Literal
			return end
		}
	}
	p.Kind = Other
	start := len(s.scratch)
	if s.scratch, i = appendPackedJSON(s.scratch, s.data, i, 3); i >= 0 {
		p.Text = s.scratch[start:len(s.scratch):len(s.scratch)]
	}
	return i
}

// packedLiteral writes a number or bool into the scratch as its JSON literal; nil of a float that has none.
func (s *Scanner) packedLiteral(v packed) []byte {
	start := len(s.scratch)
	s.scratch = appendLiteral(s.scratch, v)
	if len(s.scratch) == start {
		return nil
	}
	return s.scratch[start:len(s.scratch):len(s.scratch)]
}

// appendLiteral appends a number or bool as encoding/json writes it, and nothing for a value that has no literal.
func appendLiteral(dst []byte, v packed) []byte {
	switch v.kind {
	case packedBool:
		return strconv.AppendBool(dst, v.n == 1)
	case packedUint:
		return strconv.AppendUint(dst, v.n, 10)
	case packedInt:
		return strconv.AppendInt(dst, int64(v.n), 10)
	case packedFloat:
		return appendFloat(dst, float64(math.Float32frombits(uint32(v.n))), 32)
	case packedDouble:
		return appendFloat(dst, math.Float64frombits(v.n), 64)
	}
	return dst
}

// appendFloat appends f as encoding/json does: the fewest digits that read back as f at its bits, with an exponent
// below 1e-6 and from 1e21 on. It appends nothing for infinities and NaN.
func appendFloat(dst []byte, f float64, bits int) []byte {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return dst
	}
	form, least, most := byte('f'), 1e-6, 1e21
	if bits == 32 {
		least, most = float64(float32(least)), float64(float32(most))
	}
	if abs := math.Abs(f); abs != 0 && (abs < least || abs >= most) {
		form = 'e'
	}
	dst = strconv.AppendFloat(dst, f, form, -1, bits)
	if n := len(dst); form == 'e' && dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst = append(dst[:n-2], dst[n-1]) // e-09 is e-9
	}
	return dst
}

// appendPackedJSON appends the JSON of the value at i; depth is that of an array or map there. Bin, ext, infinities
// and NaN have none and become null.
func appendPackedJSON(dst, data []byte, i, depth int) ([]byte, int) {
	v, i := readPacked(data, i)
	if i < 0 {
		return dst, -1
	}
	switch v.kind {
	case packedStr:
		return appendString(dst, v.body), i
	case packedArray, packedMap:
		return v.appendMembers(dst, data, i, depth)
	}
	start := len(dst)
	if dst = appendLiteral(dst, v); len(dst) == start {
		dst = append(dst, "null"...)
	}
	return dst, i
}

func (v packed) appendMembers(dst, data []byte, i, depth int) ([]byte, int) {
	if depth > maxDepth {
		return dst, -1
	}
	brackets := "[]"
	if v.kind == packedMap {
		brackets = "{}"
	}
	dst = append(dst, brackets[0])
	for n := v.n; n > 0; n-- {
		if v.kind == packedMap {
			var key []byte
			if key, i = packedKey(data, i); i < 0 {
				return dst, -1
			}
			dst = append(appendString(dst, key), ':')
		}
		if dst, i = appendPackedJSON(dst, data, i, depth+1); i < 0 {
			return dst, -1
		}
		if n > 1 {
			dst = append(dst, ',')
		}
	}
	return append(dst, brackets[1]), i
}
