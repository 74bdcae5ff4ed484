package stats

import (
	"encoding/binary"
	"fmt"
)

// mostTotals is the number of totals of a ratio with a covariate of its own: numerator and denominator, each after and before.
const mostTotals = 4

// Joint are the exact sums of several totals of the same units: N units, S the sum of each total, and P the sums of the products of
// each two, squares included: (0,0) (0,1) ... (1,1) (1,2) ... A total is an int64, the value times 10^decimals, as in Sums.
// The zero value holds no units and takes its width from the first use. A delta is a Joint as well, and may be negative.
type Joint struct {
	N int64
	S []Int128
	P []Int192
}

// ParseJoint reads what Append wrote: 48, 112, 200 or 312 bytes, of one to four totals; any other length is an error.
func ParseJoint(b []byte) (Joint, error) {
	for totals := 1; totals <= mostTotals; totals++ {
		if len(b) == jointBytes(totals) {
			return readJoint(b, totals), nil
		}
	}
	return Joint{}, fmt.Errorf("stats: joint sums take 48, 112, 200 or 312 bytes, not %d", len(b))
}

func readJoint(b []byte, totals int) Joint {
	j := Joint{N: int64(binary.BigEndian.Uint64(b))}
	j.widen(totals)
	b = b[8:]
	for i := range j.S {
		j.S[i], b = readInt128(b), b[int128Bytes:]
	}
	for i := range j.P {
		j.P[i], b = readInt192(b), b[int192Bytes:]
	}
	return j
}

// Append writes j to dst: N, S, P, each big endian; with one total that is the form of Sums.
func (j Joint) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(j.N))
	for _, s := range j.S {
		dst = s.Append(dst)
	}
	for _, p := range j.P {
		dst = p.Append(dst)
	}
	return dst
}

// Include counts one more unit. All calls on one Joint have the same number of totals, one to four.
func (j *Joint) Include(totals ...int64) {
	j.N++
	j.move(totals, 1)
}

// Exclude takes a unit with these totals out again.
func (j *Joint) Exclude(totals ...int64) {
	j.N--
	j.move(totals, -1)
}

// Replace moves the totals of one counted unit from a to b.
func (j *Joint) Replace(a, b []int64) {
	j.move(a, -1)
	j.move(b, 1)
}

// Add merges o, which may be a delta. Exact, so the order of merging never matters.
func (j *Joint) Add(o Joint) {
	j.widen(len(o.S))
	j.N += o.N
	for i, s := range o.S {
		j.S[i] = j.S[i].Add(s)
	}
	for i, p := range o.P {
		j.P[i] = j.P[i].Add(p)
	}
}

// Neg is the delta that takes j away again.
func (j Joint) Neg() Joint {
	out := Joint{N: -j.N, S: make([]Int128, len(j.S)), P: make([]Int192, len(j.P))}
	for i, s := range j.S {
		out.S[i] = s.Neg()
	}
	for i, p := range j.P {
		out.P[i] = p.Neg()
	}
	return out
}

// Sums are the sums of total i alone.
func (j Joint) Sums(i int) Sums {
	if i >= len(j.S) {
		return Sums{N: j.N}
	}
	return Sums{N: j.N, S: j.S[i], SS: j.P[j.at(i, i)]}
}

// First are the sums of the first so many totals alone: one to as many as there are.
func (j Joint) First(totals int) Joint {
	out := Joint{N: j.N, S: j.S[:totals]}
	for a := range totals {
		for b := a; b < totals; b++ {
			out.P = append(out.P, j.P[j.at(a, b)])
		}
	}
	return out
}

// Clear makes the sums those of no units and keeps their memory.
func (j *Joint) Clear() {
	j.N = 0
	clear(j.S)
	clear(j.P)
}

// move adds or takes away the totals of one unit.
func (j *Joint) move(totals []int64, sign int64) {
	j.widen(len(totals))
	p := 0
	for i, v := range totals {
		v *= sign // |v| <= 2^53, so -v fits
		j.S[i] = j.S[i].AddInt64(v)
		for _, w := range totals[i:] {
			j.P[p] = j.P[p].AddInt64Product(v, w)
			p++
		}
	}
}

// widen makes room for the sums of so many totals.
func (j *Joint) widen(totals int) {
	if len(j.S) == 0 && totals > 0 {
		j.S, j.P = make([]Int128, totals), make([]Int192, totals*(totals+1)/2)
	}
}

// at is the place of the product of totals a and b in P.
func (j Joint) at(a, b int) int {
	a, b = min(a, b), max(a, b)
	return a*len(j.S) - a*(a-1)/2 + b - a
}

func jointBytes(totals int) int {
	return 8 + totals*int128Bytes + totals*(totals+1)/2*int192Bytes
}
