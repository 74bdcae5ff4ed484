package quantile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Sketch counts values by bin. The zero value is empty; a delta is a Sketch too and may hold negative counts.
// Merging is exact, in any order; a bin whose count is 0 is not kept, so that equal contents are equal sketches.
type Sketch struct {
	bins []bin // by index, rising
}

type bin struct {
	index int32
	count int64
}

// Add counts n more values v, scaled integers up to 2^53 in size; a negative n takes them out again. Values beyond count as 2^53.
func (s *Sketch) Add(v, n int64) {
	if n != 0 {
		s.add(binOf(v), n)
	}
}

// Merge adds all counts of o.
func (s *Sketch) Merge(o Sketch) {
	if len(s.bins) == 0 {
		s.bins = append(s.bins, o.bins...)
		return
	}
	for _, b := range o.bins {
		s.add(b.index, b.count)
	}
}

// Neg is the delta that takes s away again.
func (s Sketch) Neg() Sketch {
	out := Sketch{bins: slices.Clone(s.bins)}
	for i := range out.bins {
		out.bins[i].count = -out.bins[i].count
	}
	return out
}

// N is how many values there are.
func (s Sketch) N() (n int64) {
	for _, b := range s.bins {
		n += b.count
	}
	return n
}

// Quantile is the value of rank floor(q (n-1)) from 0, q in [0, 1], divided by 10^decimals: within 1 % of the true one, exact for zeros
// and for integers that have a bin to themselves. False without values, with a negative count or with q outside.
func (s Sketch) Quantile(q float64, decimals int) (float64, bool) {
	n := s.N()
	if n < 1 || !(q >= 0 && q <= 1) || s.negative() {
		return 0, false
	}
	return scale(valueOf(s.binAt(int64(q*float64(n-1)))), decimals), true
}

// Clone is a copy that shares no memory with s.
func (s Sketch) Clone() Sketch { return Sketch{bins: slices.Clone(s.bins)} }

// Empty says that no bin has a count.
func (s Sketch) Empty() bool { return len(s.bins) == 0 }

// Reset empties s and keeps its memory.
func (s *Sketch) Reset() { s.bins = s.bins[:0] }

// Parse reads what Append wrote from the beginning of b into s, whose memory it uses again, and gives the rest of b. On an error s is
// not to be used.
func (s *Sketch) Parse(b []byte) (rest []byte, err error) {
	s.Reset()
	count, n := binary.Uvarint(b)
	if n <= 0 || count > uint64(len(b)) { // a bin has two bytes or more
		return nil, errors.New("quantile: a sketch ends within its number of bins")
	}
	b = b[n:]
	for last := int64(math.MinInt32); count > 0; count-- {
		index, n := binary.Varint(b)
		values, m := binary.Varint(b[max(n, 0):])
		if n <= 0 || m <= 0 {
			return nil, fmt.Errorf("quantile: a sketch ends within a bin, after %d bins", len(s.bins))
		}
		if index <= last || index > int64(len(edges())) || -index > int64(len(edges())) || values == 0 {
			return nil, fmt.Errorf("quantile: bin %d of a sketch follows %d, or is none, or is empty", index, last)
		}
		s.bins = append(s.bins, bin{int32(index), values})
		last, b = index, b[n+m:]
	}
	return b, nil
}

// Append writes s to dst: the number of its bins as a uvarint, then for each its index and its count, as varints, rising.
func (s Sketch) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s.bins)))
	for _, b := range s.bins {
		dst = binary.AppendVarint(binary.AppendVarint(dst, int64(b.index)), b.count)
	}
	return dst
}

func (s *Sketch) add(index int32, count int64) {
	i, end := 0, len(s.bins)
	for i < end {
		if middle := int(uint(i+end) / 2); s.bins[middle].index < index {
			i = middle + 1
		} else {
			end = middle
		}
	}
	switch {
	case i == len(s.bins) || s.bins[i].index != index:
		s.bins = slices.Insert(s.bins, i, bin{index, count})
	case s.bins[i].count == -count:
		s.bins = slices.Delete(s.bins, i, i+1)
	default:
		s.bins[i].count += count
	}
}

// binAt is the bin of the value of this rank, from 0; ranks outside are those of the ends.
func (s Sketch) binAt(rank int64) int32 {
	for _, b := range s.bins {
		if rank -= b.count; rank < 0 {
			return b.index
		}
	}
	return s.bins[len(s.bins)-1].index
}

// upTo counts the values in bins up to index.
func (s Sketch) upTo(index int32) (n int64) {
	for _, b := range s.bins {
		if b.index > index {
			break
		}
		n += b.count
	}
	return n
}

func (s Sketch) negative() bool {
	return slices.ContainsFunc(s.bins, func(b bin) bool { return b.count < 0 })
}
