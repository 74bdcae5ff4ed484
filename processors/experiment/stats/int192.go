package stats

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"math/bits"
)

// Int192 is a signed 192-bit integer in two's complement: Hi*2^128 + Mid*2^64 + Lo.
// It holds sums of squares and of cross products: 2^63 products of any two int64 fit.
type Int192 struct {
	Hi      int64
	Mid, Lo uint64
}

const int192Bytes = 24

// ParseInt192 reads the 24 bytes that Append wrote; any other length is an error.
func ParseInt192(b []byte) (Int192, error) {
	if len(b) != int192Bytes {
		return Int192{}, fmt.Errorf("stats: a 192-bit integer takes %d bytes, not %d", int192Bytes, len(b))
	}
	return readInt192(b), nil
}

// readInt192 reads the first 24 bytes of b.
func readInt192(b []byte) Int192 {
	return Int192{
		Hi:  int64(binary.BigEndian.Uint64(b)),
		Mid: binary.BigEndian.Uint64(b[8:]),
		Lo:  binary.BigEndian.Uint64(b[16:]),
	}
}

// Append writes x to dst as 24 bytes, big endian.
func (x Int192) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(x.Hi))
	dst = binary.BigEndian.AppendUint64(dst, x.Mid)
	return binary.BigEndian.AppendUint64(dst, x.Lo)
}

// Add is x + y.
func (x Int192) Add(y Int192) Int192 {
	lo, carry := bits.Add64(x.Lo, y.Lo, 0)
	mid, carry := bits.Add64(x.Mid, y.Mid, carry)
	return Int192{Hi: x.Hi + y.Hi + int64(carry), Mid: mid, Lo: lo}
}

// Sub is x - y.
func (x Int192) Sub(y Int192) Int192 {
	lo, borrow := bits.Sub64(x.Lo, y.Lo, 0)
	mid, borrow := bits.Sub64(x.Mid, y.Mid, borrow)
	return Int192{Hi: x.Hi - y.Hi - int64(borrow), Mid: mid, Lo: lo}
}

// AddInt64Product is x + a*b, the product exact in 128 bits.
func (x Int192) AddInt64Product(a, b int64) Int192 {
	return x.Add(product(a, b))
}

// SubInt64Product is x - a*b, the product exact in 128 bits.
func (x Int192) SubInt64Product(a, b int64) Int192 {
	return x.Sub(product(a, b))
}

// Neg is -x.
func (x Int192) Neg() Int192 {
	return Int192{}.Sub(x)
}

// Sign is -1, 0 or 1.
func (x Int192) Sign() int {
	switch {
	case x.Hi < 0:
		return -1
	case x == Int192{}:
		return 0
	}
	return 1
}

// Big is x as a new big integer.
func (x Int192) Big() *big.Int {
	z := Int128{Hi: x.Hi, Lo: x.Mid}.Big()
	z.Lsh(z, 64)
	return z.Add(z, new(big.Int).SetUint64(x.Lo))
}

// String is x in decimal.
func (x Int192) String() string {
	return x.Big().String()
}

// product is a*b. The unsigned product counts a negative factor 2^64 too high,
// so the other factor is taken off the upper word.
func product(a, b int64) Int192 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	upper := int64(hi) - (a>>63)&b - (b>>63)&a
	return Int192{Hi: upper >> 63, Mid: uint64(upper), Lo: lo}
}
