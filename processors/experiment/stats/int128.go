package stats

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"math/bits"
	"strconv"
)

// Int128 is a signed 128-bit integer in two's complement: Hi*2^64 + Lo.
// It holds first-order sums: 2^63 units of any int64 value fit.
type Int128 struct {
	Hi int64
	Lo uint64
}

const int128Bytes = 16

// ParseInt128 reads the 16 bytes that Append wrote; any other length is an error.
func ParseInt128(b []byte) (Int128, error) {
	if len(b) != int128Bytes {
		return Int128{}, fmt.Errorf("stats: a 128-bit integer takes %d bytes, not %d", int128Bytes, len(b))
	}
	return readInt128(b), nil
}

// readInt128 reads the first 16 bytes of b.
func readInt128(b []byte) Int128 {
	return Int128{Hi: int64(binary.BigEndian.Uint64(b)), Lo: binary.BigEndian.Uint64(b[8:])}
}

// Append writes x to dst as 16 bytes, big endian.
func (x Int128) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(x.Hi))
	return binary.BigEndian.AppendUint64(dst, x.Lo)
}

// Add is x + y.
func (x Int128) Add(y Int128) Int128 {
	lo, carry := bits.Add64(x.Lo, y.Lo, 0)
	return Int128{Hi: x.Hi + y.Hi + int64(carry), Lo: lo}
}

// AddInt64 is x + v.
func (x Int128) AddInt64(v int64) Int128 {
	return x.Add(Int128{Hi: v >> 63, Lo: uint64(v)})
}

// Sub is x - y.
func (x Int128) Sub(y Int128) Int128 {
	lo, borrow := bits.Sub64(x.Lo, y.Lo, 0)
	return Int128{Hi: x.Hi - y.Hi - int64(borrow), Lo: lo}
}

// SubInt64 is x - v.
func (x Int128) SubInt64(v int64) Int128 {
	return x.Sub(Int128{Hi: v >> 63, Lo: uint64(v)})
}

// Neg is -x.
func (x Int128) Neg() Int128 {
	return Int128{}.Sub(x)
}

// Sign is -1, 0 or 1.
func (x Int128) Sign() int {
	switch {
	case x.Hi < 0:
		return -1
	case x.Hi == 0 && x.Lo == 0:
		return 0
	}
	return 1
}

// Int64 is x, and false where x does not fit.
func (x Int128) Int64() (int64, bool) {
	v := int64(x.Lo)
	return v, x.Hi == v>>63
}

// Big is x as a new big integer.
func (x Int128) Big() *big.Int {
	z := big.NewInt(x.Hi)
	z.Lsh(z, 64)
	return z.Add(z, new(big.Int).SetUint64(x.Lo))
}

// String is x in decimal.
func (x Int128) String() string {
	if v, fits := x.Int64(); fits {
		return strconv.FormatInt(v, 10)
	}
	return x.Big().String()
}
