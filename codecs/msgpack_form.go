package codecs

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// deepest is how far arrays and maps of MessagePack may be nested, as in encoding/json.
const deepest = 10_000

// form is what follows a first byte.
type form struct {
	width uint8 // bytes of the length
	body  uint8 // bytes beside those that the length counts
	each  uint8 // values that a count of the length stands for; 0: it counts bytes
}

// forms are those of the first bytes from 0xc0 to 0xdf.
var forms = [32]form{
	0x04: {width: 1}, 0x05: {width: 2}, 0x06: {width: 4}, // bin
	0x07: {width: 1, body: 1}, 0x08: {width: 2, body: 1}, 0x09: {width: 4, body: 1}, // ext
	0x0a: {body: 4}, 0x0b: {body: 8}, // floats
	0x0c: {body: 1}, 0x0d: {body: 2}, 0x0e: {body: 4}, 0x0f: {body: 8}, // unsigned integers
	0x10: {body: 1}, 0x11: {body: 2}, 0x12: {body: 4}, 0x13: {body: 8}, // integers
	0x14: {body: 2}, 0x15: {body: 3}, 0x16: {body: 5}, 0x17: {body: 9}, 0x18: {body: 17}, // ext of fixed length
	0x19: {width: 1}, 0x1a: {width: 2}, 0x1b: {width: 4}, // str
	0x1c: {width: 2, each: 1}, 0x1d: {width: 4, each: 1}, // array
	0x1e: {width: 2, each: 2}, 0x1f: {width: 4, each: 2}, // map
}

var (
	errCut  = errors.New("cut off")
	errDeep = fmt.Errorf("nested deeper than %d", deepest)
)

// wellFormed says whether data is exactly one value, with all the bytes and members that its heads announce. The library
// makes room for what a head says before it looks for it, and recurses without a bound: eight bytes can take all memory
// and four megabytes overflow the stack, neither of which a process survives, at every start again.
func wellFormed(data []byte) error {
	var room [16]uint64
	left := append(room[:0], 1) // values still to come: of data, of each array and map around
	for whole := len(data); len(left) > 0; {
		if len(data) == 0 {
			return errCut
		}
		size, values := head(data)
		switch {
		case size == 0:
			return fmt.Errorf("no value begins with %#02x, at byte %d", data[0], whole-len(data))
		case size > uint64(len(data)) || values > uint64(len(data))-size: // each takes a byte at least
			return errCut
		}
		data = data[size:]
		left[len(left)-1]--
		if values > 0 {
			left = append(left, values)
		}
		if len(left) > deepest+1 {
			return errDeep
		}
		for len(left) > 0 && left[len(left)-1] == 0 {
			left = left[:len(left)-1]
		}
	}
	if len(data) > 0 {
		return fmt.Errorf("%w: the value ends %d bytes before the data", ErrLength, len(data))
	}
	return nil
}

// head is the bytes of the first value of data, of an array or map those before its values, and how many these are. No
// value has no bytes.
func head(data []byte) (size, values uint64) {
	switch c := data[0]; {
	case c < 0x80 || c >= 0xe0:
		return 1, 0
	case c < 0x90:
		return 1, 2 * uint64(c&0x0f)
	case c < 0xa0:
		return 1, uint64(c & 0x0f)
	case c < 0xc0:
		return 1 + uint64(c&0x1f), 0
	}
	if data[0] == 0xc1 {
		return 0, 0
	}
	f := forms[data[0]&0x1f]
	size = 1 + uint64(f.width) + uint64(f.body)
	if size > uint64(len(data)) {
		return size, 0
	}
	var length uint64
	switch f.width {
	case 1:
		length = uint64(data[1])
	case 2:
		length = uint64(binary.BigEndian.Uint16(data[1:]))
	case 4:
		length = uint64(binary.BigEndian.Uint32(data[1:]))
	}
	if f.each > 0 {
		return size, length * uint64(f.each)
	}
	return size + length, 0
}
