package event

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// AppendMsgPack appends e as MessagePack, a map of what [Append] writes: ts as an integer, value as an integer where it
// is one of at most 2^53 and else as a decimal string, so it stays exact. Integers and str take their shortest form. A
// Literal prop that is neither bool, integer nor the shortest text of a float64 becomes a str, which Where sees as the
// same; nested props have their keys sorted.
func AppendMsgPack(dst []byte, e *Event) []byte {
	head := len(dst)
	dst = append(dst, 0x80)
	text := func(key string, text []byte) {
		if len(text) > 0 {
			dst[head]++
			dst = appendPackedString(appendPackedString(dst, []byte(key)), text)
		}
	}
	text("id", e.ID)
	text("type", e.Type)
	text("unit", e.Unit)
	text("experiment", e.Experiment)
	text("variant", e.Variant)
	text("ref", e.Ref)
	if e.HasValue {
		dst[head]++
		dst = appendPackedDecimal(appendPackedString(dst, []byte("value")), e.Value)
	}
	dst[head]++
	dst = appendPackedInt(appendPackedString(dst, []byte("ts")), e.Time)
	if e.ConfigVersion > 0 {
		dst[head]++
		dst = appendPackedInt(appendPackedString(dst, []byte("config_version")), e.ConfigVersion)
	}
	text("reason", e.Reason)
	if len(e.Props) > 0 {
		dst[head]++
		dst = appendPackedProps(appendPackedString(dst, []byte("props")), e.Props)
	}
	return dst
}

func appendPackedProps(dst []byte, props []Prop) []byte {
	dst = appendPackedHead(dst, 0x80, 0xde, len(props))
	for i := range props {
		p := &props[i]
		dst = appendPackedString(dst, p.Key)
		switch p.Kind {
		case String:
			dst = appendPackedString(dst, p.Text)
		case Literal:
			dst = appendPackedLiteral(dst, p.Text)
		default:
			dst = appendPackedTree(dst, p.Text)
		}
	}
	return dst
}

// appendPackedLiteral appends a JSON number, true or false so that it reads back as the same text.
func appendPackedLiteral(dst, text []byte) []byte {
	switch string(text) {
	case "true":
		return append(dst, 0xc3)
	case "false":
		return append(dst, 0xc2)
	}
	if n, err := strconv.ParseInt(string(text), 10, 64); err == nil && strconv.FormatInt(n, 10) == string(text) {
		return appendPackedInt(dst, n)
	}
	if n, err := strconv.ParseUint(string(text), 10, 64); err == nil && strconv.FormatUint(n, 10) == string(text) {
		return appendPackedUint(dst, n)
	}
	var room [32]byte
	if f, err := strconv.ParseFloat(string(text), 64); err == nil && string(appendFloat(room[:0], f, 64)) == string(text) {
		return binary.BigEndian.AppendUint64(append(dst, 0xcb), math.Float64bits(f))
	}
	return appendPackedString(dst, text)
}

// appendPackedTree appends a JSON value; what is none, as a hand-made Event may hold, becomes nil.
func appendPackedTree(dst, text []byte) []byte {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		v = nil
	}
	return appendPackedAny(dst, v)
}

func appendPackedAny(dst []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendPackedString(dst, []byte(v))
	case json.Number:
		return appendPackedLiteral(dst, []byte(v))
	case bool:
		return appendPackedLiteral(dst, strconv.AppendBool(nil, v))
	case []any:
		dst = appendPackedHead(dst, 0x90, 0xdc, len(v))
		for _, member := range v {
			dst = appendPackedAny(dst, member)
		}
		return dst
	case map[string]any:
		dst = appendPackedHead(dst, 0x80, 0xde, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			dst = appendPackedAny(appendPackedString(dst, []byte(key)), v[key])
		}
		return dst
	}
	return append(dst, 0xc0)
}

func appendPackedDecimal(dst []byte, d Decimal) []byte {
	if n, rounded, ok := d.Scaled(0); ok && !rounded {
		return appendPackedInt(dst, n)
	}
	var room [64]byte
	return appendPackedString(dst, d.Append(room[:0]))
}

func appendPackedInt(dst []byte, n int64) []byte {
	switch {
	case n >= 0:
		return appendPackedUint(dst, uint64(n))
	case n >= -32:
		return append(dst, byte(n))
	case n >= math.MinInt8:
		return append(dst, 0xd0, byte(n))
	case n >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(dst, 0xd1), uint16(n))
	case n >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(dst, 0xd2), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, 0xd3), uint64(n))
}

func appendPackedUint(dst []byte, n uint64) []byte {
	switch {
	case n < 128:
		return append(dst, byte(n))
	case n <= math.MaxUint8:
		return append(dst, 0xcc, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, 0xcd), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, 0xce), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, 0xcf), n)
}

// appendPackedString appends text as a str; bytes that are not UTF-8 become U+FFFD, one each.
func appendPackedString(dst, text []byte) []byte {
	if !utf8.Valid(text) {
		text = []byte(string([]rune(string(text))))
	}
	switch n := len(text); {
	case n < 32:
		dst = append(dst, 0xa0|byte(n))
	case n <= math.MaxUint8:
		dst = append(dst, 0xd9, byte(n))
	case n <= math.MaxUint16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0xda), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint32(append(dst, 0xdb), uint32(n))
	}
	return append(dst, text...)
}

// appendPackedHead appends the head of an array or map of n members: within the byte few, or behind many or the one after.
func appendPackedHead(dst []byte, few, many byte, n int) []byte {
	switch {
	case n < 16:
		return append(dst, few|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, many), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, many+1), uint32(n))
}
