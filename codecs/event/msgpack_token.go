package event

import (
	"encoding/binary"
	"unicode/utf8"
)

// packedKind is the family of a MessagePack value.
type packedKind uint8

const (
	packedBad packedKind = iota // 0xc1, which MessagePack never uses
	packedNil
	packedBool
	packedUint
	packedInt
	packedFloat
	packedDouble
	packedStr
	packedBin
	packedExt
	packedArray
	packedMap
)

// packed is one MessagePack value without its members.
type packed struct {
	kind packedKind
	n    uint64 // the bits of a number, 1 for true, the members of an array, the pairs of a map
	body []byte // the bytes of a str or bin; of an ext its type and bytes
}

// firstFormat is the least first byte that does not hold a number or length itself.
const firstFormat = 0xc0

// packedFormat is what a first byte from firstFormat on announces.
type packedFormat struct {
	kind  packedKind
	width uint8 // bytes of the number or length that follows
	n     uint8 // where there is none
}

var packedFormats = [...]packedFormat{
	0xc0 - firstFormat: {kind: packedNil},
	0xc2 - firstFormat: {kind: packedBool}, 0xc3 - firstFormat: {kind: packedBool, n: 1},
	0xc4 - firstFormat: {kind: packedBin, width: 1}, 0xc5 - firstFormat: {kind: packedBin, width: 2}, 0xc6 - firstFormat: {kind: packedBin, width: 4},
	0xc7 - firstFormat: {kind: packedExt, width: 1}, 0xc8 - firstFormat: {kind: packedExt, width: 2}, 0xc9 - firstFormat: {kind: packedExt, width: 4},
	0xca - firstFormat: {kind: packedFloat, width: 4}, 0xcb - firstFormat: {kind: packedDouble, width: 8},
	0xcc - firstFormat: {kind: packedUint, width: 1}, 0xcd - firstFormat: {kind: packedUint, width: 2},
	0xce - firstFormat: {kind: packedUint, width: 4}, 0xcf - firstFormat: {kind: packedUint, width: 8},
	0xd0 - firstFormat: {kind: packedInt, width: 1}, 0xd1 - firstFormat: {kind: packedInt, width: 2},
	0xd2 - firstFormat: {kind: packedInt, width: 4}, 0xd3 - firstFormat: {kind: packedInt, width: 8},
	0xd4 - firstFormat: {kind: packedExt, n: 1}, 0xd5 - firstFormat: {kind: packedExt, n: 2}, 0xd6 - firstFormat: {kind: packedExt, n: 4},
	0xd7 - firstFormat: {kind: packedExt, n: 8}, 0xd8 - firstFormat: {kind: packedExt, n: 16},
	0xd9 - firstFormat: {kind: packedStr, width: 1}, 0xda - firstFormat: {kind: packedStr, width: 2}, 0xdb - firstFormat: {kind: packedStr, width: 4},
	0xdc - firstFormat: {kind: packedArray, width: 2}, 0xdd - firstFormat: {kind: packedArray, width: 4},
	0xde - firstFormat: {kind: packedMap, width: 2}, 0xdf - firstFormat: {kind: packedMap, width: 4},
}

// isPacked reports whether data begins as a MessagePack map does. No JSON text does: these bytes are not ASCII.
func isPacked(data []byte) bool {
	return len(data) > 0 && (data[0]&0xf0 == 0x80 || data[0] == 0xde || data[0] == 0xdf)
}

// readPacked reads the value at i, of an array or map its head; end is -1 if it is malformed or cut off.
func readPacked(data []byte, i int) (v packed, end int) {
	if i >= len(data) {
		return v, -1
	}
	switch c := data[i]; {
	case c < 0x80:
		return packed{kind: packedUint, n: uint64(c)}, i + 1
	case c < 0x90:
		return packed{kind: packedMap, n: uint64(c & 0x0f)}, i + 1
	case c < 0xa0:
		return packed{kind: packedArray, n: uint64(c & 0x0f)}, i + 1
	case c < 0xc0:
		return packed{kind: packedStr}.of(data, i+1, uint64(c&0x1f))
	case c >= 0xe0:
		return packed{kind: packedInt, n: uint64(int64(int8(c)))}, i + 1
	default:
		return packedFormats[c-firstFormat].read(data, i+1)
	}
}

// read reads what follows the first byte.
func (f packedFormat) read(data []byte, i int) (v packed, end int) {
	v.kind, v.n, end = f.kind, uint64(f.n), i+int(f.width)
	if f.kind == packedBad || end > len(data) {
		return v, -1
	}
	switch f.width {
	case 1:
		v.n = uint64(data[i])
	case 2:
		v.n = uint64(binary.BigEndian.Uint16(data[i:]))
	case 4:
		v.n = uint64(binary.BigEndian.Uint32(data[i:]))
	case 8:
		v.n = binary.BigEndian.Uint64(data[i:])
	}
	switch f.kind {
	case packedStr, packedBin:
		return v.of(data, end, v.n)
	case packedExt:
		return v.of(data, end, v.n+1)
	case packedInt:
		unused := 64 - 8*f.width
		v.n = uint64(int64(v.n<<unused) >> unused)
	}
	return v, end
}

// of adds the n bytes at i as the body; a str must be UTF-8.
func (v packed) of(data []byte, i int, n uint64) (packed, int) {
	if n > uint64(len(data)-i) {
		return v, -1
	}
	end := i + int(n)
	v.body = data[i:end:end]
	if v.kind == packedStr && !utf8.Valid(v.body) {
		return v, -1
	}
	return v, end
}

// quickStr reads the str at i in one of its two shortest forms, not yet checked to be UTF-8. Anything else, and what is
// cut off, is for readPacked: end is -1.
func quickStr(data []byte, i int) (text []byte, end int) {
	if i+1 >= len(data) {
		return nil, -1
	}
	n, at := int(data[i]&0x1f), i+1
	if data[i]>>5 != 5 {
		if data[i] != 0xd9 {
			return nil, -1
		}
		n, at = int(data[i+1]), i+2
	}
	if end = at + n; end > len(data) {
		return nil, -1
	}
	return data[at:end:end], end
}

// text is the bytes of a str; of anything else nil.
func (v packed) text() []byte {
	if v.kind != packedStr {
		return nil
	}
	return v.body
}

// packedKey reads the key of a pair, which must be a str.
func packedKey(data []byte, i int) (key []byte, end int) {
	if key, end = quickStr(data, i); end >= 0 && utf8.Valid(key) {
		return key, end
	}
	v, end := readPacked(data, i)
	if v.kind != packedStr {
		return nil, -1
	}
	return v.body, end
}

// skipMembers passes over the members of v, which end at i; depth is that of v itself.
func (v packed) skipMembers(data []byte, i, depth int) int {
	if i < 0 || v.kind != packedArray && v.kind != packedMap {
		return i
	}
	if depth > maxDepth {
		return -1
	}
	for n := v.n; n > 0 && i >= 0; n-- {
		if v.kind == packedMap {
			if _, i = packedKey(data, i); i < 0 {
				return -1
			}
		}
		var member packed
		member, i = readPacked(data, i)
		i = member.skipMembers(data, i, depth+1)
	}
	return i
}
