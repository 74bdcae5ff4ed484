package stats

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"
)

// Sums are the exact sums of one metric over the units of one variant: N units, S the sum and SS the sum of squares of their totals.
// A total is an int64, the value times 10^decimals. The zero value holds no units; a delta is a Sums as well, and may be negative.
type Sums struct {
	N  int64
	S  Int128
	SS Int192
}

const sumsBytes = 8 + int128Bytes + int192Bytes

// ParseSums reads the 48 bytes that Append wrote; any other length is an error.
func ParseSums(b []byte) (Sums, error) {
	if len(b) != sumsBytes {
		return Sums{}, fmt.Errorf("stats: sums take %d bytes, not %d", sumsBytes, len(b))
	}
	return Sums{N: int64(binary.BigEndian.Uint64(b)), S: readInt128(b[8:]), SS: readInt192(b[8+int128Bytes:])}, nil
}

// Append writes s to dst as 48 bytes: N, S, SS, each big endian.
func (s Sums) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.N))
	return s.SS.Append(s.S.Append(dst))
}

// Add merges o, which may be a delta. Exact, so the order of merging never matters.
func (s *Sums) Add(o Sums) {
	s.N += o.N
	s.S = s.S.Add(o.S)
	s.SS = s.SS.Add(o.SS)
}

// Neg is the delta that takes s away again.
func (s Sums) Neg() Sums {
	return Sums{N: -s.N, S: s.S.Neg(), SS: s.SS.Neg()}
}

// Include counts one more unit, with total v.
func (s *Sums) Include(v int64) {
	s.N++
	s.S = s.S.AddInt64(v)
	s.SS = s.SS.AddInt64Product(v, v)
}

// Exclude takes a unit with total v out again.
func (s *Sums) Exclude(v int64) {
	s.N--
	s.S = s.S.SubInt64(v)
	s.SS = s.SS.SubInt64Product(v, v)
}

// Replace moves the total of one counted unit from a to b.
func (s *Sums) Replace(a, b int64) {
	s.S = s.S.AddInt64(b).SubInt64(a)
	s.SS = s.SS.AddInt64Product(b, b).SubInt64Product(a, a)
}

// SumText is the sum as an exact decimal with exactly `decimals` digits after the point, none and no point for 0.
func (s Sums) SumText(decimals int) string {
	digits := s.S.String()
	if decimals <= 0 {
		return digits
	}
	digits, negative := strings.CutPrefix(digits, "-")
	if short := decimals + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	point := len(digits) - decimals
	text := digits[:point] + "." + digits[point:]
	if negative {
		return "-" + text
	}
	return text
}

// Mean is S/(N*10^decimals), rounded once to the nearest float64; false without units.
func (s Sums) Mean(decimals int) (float64, bool) {
	if s.N < 1 {
		return 0, false
	}
	den := big.NewInt(s.N)
	return quotient(s.S.Big(), den.Mul(den, powerOfTen(decimals))), true
}

// Variance is the sample variance (N*SS - S^2)/(N(N-1)*10^(2*decimals)), rounded once to the nearest float64; false below two units.
func (s Sums) Variance(decimals int) (float64, bool) {
	if s.N < 2 {
		return 0, false
	}
	n := big.NewInt(s.N)
	sum := s.S.Big()
	num := s.SS.Big()
	num.Mul(num, n).Sub(num, sum.Mul(sum, sum))
	den := n.Mul(n, big.NewInt(s.N-1))
	return quotient(num, den.Mul(den, powerOfTen(2*decimals))), true
}

// Sample is N, mean and variance of s; mean and variance are 0 where they are not available.
func (s Sums) Sample(decimals int) Sample {
	mean, _ := s.Mean(decimals)
	variance, _ := s.Variance(decimals)
	return Sample{N: s.N, Mean: mean, Variance: variance}
}

// Count reads sums of a conversion, where each total is 0 or 1. A sum beyond int64 cannot be one and gives no units.
func (s Sums) Count() Count {
	x, fits := s.S.Int64()
	if !fits {
		return Count{}
	}
	return Count{N: s.N, X: x}
}
