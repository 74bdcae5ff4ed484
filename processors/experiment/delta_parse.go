package experiment

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// Parse decodes the whole of data into *v; on an error *v is not to be used. Nothing aliases data. Errors: ErrDelta.
func (DeltaCodec) Parse(data []byte, v **Delta) error {
	if *v == nil {
		*v = new(Delta)
	}
	if len(data) == 0 || data[0] < deltaLayoutOne || data[0] > deltaLayout {
		return fmt.Errorf("experiment: parse delta of %d bytes: %w: no known layout", len(data), ErrDelta)
	}
	r := reader{rest: data[1:], layout: data[0]}
	r.delta(*v)
	if r.bad || len(r.rest) > 0 {
		return fmt.Errorf("experiment: parse delta of %d bytes: %w", len(data), ErrDelta)
	}
	return nil
}

// reader takes a delta apart. After the first fault it gives zeros and bad stays set.
type reader struct {
	rest   []byte
	layout byte
	bad    bool
}

func (r *reader) delta(d *Delta) {
	d.Run = r.small()
	d.Version = r.int()
	d.Excluded = r.int()
	d.Corrections = r.int()
	r.drops(&d.Dropped)
	d.Cells = resize(d.Cells, r.length())
	for i := range d.Cells {
		r.cell(&d.Cells[i])
	}
	d.Panes = resize(d.Panes, r.length())
	before := int64(0)
	for i := range d.Panes {
		r.pane(&d.Panes[i], before)
		before = d.Panes[i].Start
	}
	r.deltaParts(d)
}

func (r *reader) deltaParts(d *Delta) {
	mask := r.parts(partOfLeftOut)
	d.LeftOut = [Causes]int64{}
	if mask&partOfLeftOut == 0 {
		return
	}
	n := r.length()
	if n >= int(Causes) {
		r.fail()
		return
	}
	for i := range n {
		d.LeftOut[1+i] = r.int()
	}
}

// parts reads the mask of the optional parts that follow, of those that are known here.
func (r *reader) parts(known uint64) uint64 {
	if r.layout < deltaLayout {
		return noParts
	}
	mask := r.count()
	if mask&^known != 0 {
		r.fail()
	}
	return mask
}

func (r *reader) drops(dropped *[Drops]int64) {
	mask := r.count()
	if mask >= 1<<Drops {
		r.fail()
	}
	for i := range dropped {
		dropped[i] = 0
		if mask&(1<<i) != 0 {
			dropped[i] = r.int()
		}
	}
}

func (r *reader) cell(c *CellDelta) {
	c.Variant = r.small()
	c.Epoch = r.int()
	c.Units = r.int()
	c.FirstSeen, c.Crossed = r.int(), 0
	if r.layout > deltaLayoutOne {
		c.Crossed = r.int()
	}
	c.Live = r.sums(c.Live)
	c.Matured = r.sums(c.Matured)
	c.NonZero = c.NonZero[:0]
	if r.layout > deltaLayoutOne {
		c.NonZero = r.ints(c.NonZero)
	}
	r.cellParts(c)
}

func (r *reader) cellParts(c *CellDelta) {
	mask := r.parts(partOfSegment | partOfBins | partOfMaturity)
	c.Segment, c.Excluded, c.Corrections, c.Bins, c.Ripe = 0, 0, 0, c.Bins[:0], 0
	if mask&partOfSegment != 0 {
		if c.Segment, c.Excluded, c.Corrections = r.small(), r.int(), r.int(); c.Segment == 0 {
			r.fail() // the whole has no such part
		}
	}
	if mask&partOfBins != 0 {
		c.Bins = r.bins(c.Bins)
	}
	if mask&partOfMaturity != 0 {
		c.Ripe = r.int() * paneLength
	}
}

func (r *reader) ints(all []int64) []int64 {
	all = resize(all, r.length())
	for i := range all {
		all[i] = r.int()
	}
	return all
}

func (r *reader) sums(all []stats.Sums) []stats.Sums {
	all = resize(all, r.length())
	for i := range all {
		all[i] = stats.Sums{N: r.int(), S: r.sum(), SS: r.squares()}
	}
	return all
}

func (r *reader) pane(p *PaneDelta, before int64) {
	p.Variant = r.small()
	p.Start = before + r.int()
	p.UnitsNew = r.int()
	p.Late = r.int()
	p.Metrics = resize(p.Metrics, r.length())
	for i := range p.Metrics {
		p.Metrics[i] = PaneSums{Events: r.int(), Sum: r.sum()}
	}
	r.paneParts(p)
}

func (r *reader) sum() stats.Int128 {
	x := r.wide(16)
	return stats.Int128{Hi: int64(x.Mid), Lo: x.Lo}
}

func (r *reader) squares() stats.Int192 { return r.wide(24) }

// wide reads an integer of at most limit bytes, extending its sign.
func (r *reader) wide(limit int) (x stats.Int192) {
	if len(r.rest) == 0 || int(r.rest[0]) > limit || len(r.rest) <= int(r.rest[0]) {
		r.fail()
		return x
	}
	digits := r.rest[1 : 1+r.rest[0]]
	r.rest = r.rest[1+len(digits):]
	if len(digits) > 0 && digits[0] >= 0x80 {
		x = stats.Int192{Hi: -1, Mid: math.MaxUint64, Lo: math.MaxUint64}
	}
	for _, digit := range digits {
		x.Hi = x.Hi<<8 | int64(x.Mid>>56)
		x.Mid = x.Mid<<8 | x.Lo>>56
		x.Lo = x.Lo<<8 | uint64(digit)
	}
	return x
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) count() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// small is a count that fits an int wherever this runs.
func (r *reader) small() int {
	v := r.count()
	if v > math.MaxInt32 {
		r.fail()
		return 0
	}
	return int(v)
}

// length is a count of elements: each takes a byte or more, so that no short input asks for much memory.
func (r *reader) length() int {
	v := r.count()
	if v > uint64(len(r.rest)) {
		r.fail()
		return 0
	}
	return int(v)
}

func (r *reader) fail() { r.bad, r.rest = true, nil }

// resize gives s the length n, keeping the elements and what they own for reuse.
func resize[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	return append(s[:cap(s)], make([]T, n-cap(s))...)
}
