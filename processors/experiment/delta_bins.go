package experiment

import (
	"encoding/binary"
	"slices"
)

// Optional parts of a cell and of a pane.
const (
	partOfJoint = 1 << 1 // of a cell
	partOfBins  = 1 << 2

	partOfValues = 1 << 0 // of a pane
	partOfSeen   = 1 << 1
	partOfTagged = 1 << 2
)

// mostMetrics bounds the indices that a part of a pane may name, so that no short input asks for much memory.
const mostMetrics = 1 << 10

// appendCellParts appends the parts of a cell.
func appendCellParts(dst []byte, c *CellDelta) []byte {
	mask := uint64(noParts)
	if c.Segment > 0 {
		mask |= partOfSegment
	}
	if len(c.Joint) > 0 {
		mask |= partOfJoint
	}
	if len(c.Bins) > 0 {
		mask |= partOfBins
	}
	if c.Ripe != 0 {
		mask |= partOfMaturity
	}
	if anyDrawn(c) {
		mask |= partOfDrawn
	}
	dst = binary.AppendUvarint(dst, mask)
	if mask&partOfSegment != 0 {
		dst = binary.AppendUvarint(dst, uint64(c.Segment))
		dst = binary.AppendVarint(dst, c.Excluded)
		dst = binary.AppendVarint(dst, c.Corrections)
	}
	if mask&partOfJoint != 0 {
		dst = appendJoint(dst, c.Joint)
	}
	if mask&partOfBins != 0 {
		dst = appendBins(dst, c.Bins)
	}
	if mask&partOfMaturity != 0 {
		dst = binary.AppendVarint(dst, c.Ripe/paneLength)
	}
	if mask&partOfDrawn != 0 {
		dst = appendInts(dst, c.Drawn)
	}
	return dst
}

func anyDrawn(c *CellDelta) bool {
	return slices.ContainsFunc(c.Drawn, func(n int64) bool { return n != 0 })
}

// cellParts reads the parts of a cell.
func (r *reader) cellParts(c *CellDelta) {
	mask := r.parts(partOfSegment | partOfJoint | partOfBins | partOfMaturity | partOfDrawn)
	c.Segment, c.Excluded, c.Corrections, c.Joint, c.Bins, c.Ripe = 0, 0, 0, c.Joint[:0], c.Bins[:0], 0
	c.Drawn = c.Drawn[:0]
	if mask&partOfSegment != 0 {
		if c.Segment, c.Excluded, c.Corrections = r.small(), r.int(), r.int(); c.Segment == 0 {
			r.fail() // the whole has no such part
		}
	}
	if mask&partOfJoint != 0 {
		c.Joint = r.joint(c.Joint)
	}
	if mask&partOfBins != 0 {
		c.Bins = r.bins(c.Bins)
	}
	if mask&partOfMaturity != 0 {
		c.Ripe = r.int() * paneLength
	}
	if mask&partOfDrawn != 0 {
		if c.Drawn = r.ints(c.Drawn); !anyDrawn(c) {
			r.fail() // a cell without has no such part
		}
	}
}

// appendBins appends the part of a cell: a count, then for each a count metric, a count bucket and a sketch.
func appendBins(dst []byte, all []Bins) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(all)))
	for i := range all {
		dst = binary.AppendUvarint(dst, uint64(all[i].Metric))
		dst = binary.AppendUvarint(dst, uint64(all[i].Bucket))
		dst = all[i].Values.Append(dst)
	}
	return dst
}

func (r *reader) bins(all []Bins) []Bins {
	all = resize(all, r.length())
	for i := range all {
		all[i].Metric, all[i].Bucket = r.small(), r.small()
		r.sketch(&all[i])
	}
	return all
}

func (r *reader) sketch(b *Bins) {
	rest, err := b.Values.Parse(r.rest)
	if err != nil {
		r.fail()
		return
	}
	r.rest = rest
}

// paneParts is the mask of the parts that a pane has.
func paneParts(p *PaneDelta) (mask uint64) {
	for i := range p.Bins {
		if !p.Bins[i].Values.Empty() {
			mask |= partOfValues
		}
		if len(p.Bins[i].Seen) > 0 {
			mask |= partOfSeen
		}
		if len(p.Bins[i].Tagged) > 0 {
			mask |= partOfTagged
		}
	}
	return mask
}

// appendPaneParts appends the parts of a pane: of each a count of metrics, then for each that has something the index and its
// sketch, or a count of gaps and for each a count gap and an int units, or a count of registers and for each a count, what
// it is more than the one before.
func appendPaneParts(dst []byte, p *PaneDelta) []byte {
	mask := paneParts(p)
	dst = binary.AppendUvarint(dst, mask)
	if mask&partOfValues != 0 {
		dst = appendEach(dst, p, func(b *PaneBins) bool { return !b.Values.Empty() }, func(dst []byte, b *PaneBins) []byte { return b.Values.Append(dst) })
	}
	if mask&partOfSeen != 0 {
		dst = appendEach(dst, p, func(b *PaneBins) bool { return len(b.Seen) > 0 }, appendSeen)
	}
	if mask&partOfTagged != 0 {
		dst = appendEach(dst, p, func(b *PaneBins) bool { return len(b.Tagged) > 0 }, appendTagged)
	}
	return dst
}

func appendEach(dst []byte, p *PaneDelta, has func(*PaneBins) bool, write func([]byte, *PaneBins) []byte) []byte {
	n := uint64(0)
	for i := range p.Bins {
		if has(&p.Bins[i]) {
			n++
		}
	}
	dst = binary.AppendUvarint(dst, n)
	for i := range p.Bins {
		if has(&p.Bins[i]) {
			dst = write(binary.AppendUvarint(dst, uint64(i)), &p.Bins[i])
		}
	}
	return dst
}

func appendSeen(dst []byte, b *PaneBins) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b.Seen)))
	for _, u := range b.Seen {
		dst = binary.AppendVarint(binary.AppendUvarint(dst, uint64(u.Gap)), u.Units)
	}
	return dst
}

func appendTagged(dst []byte, b *PaneBins) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b.Tagged)))
	before := uint32(0)
	for _, register := range b.Tagged {
		dst = binary.AppendUvarint(dst, uint64(register-before))
		before = register
	}
	return dst
}

// paneParts reads the parts of a pane.
func (r *reader) paneParts(p *PaneDelta) {
	for i := range p.Bins {
		p.Bins[i].Reset()
	}
	p.Bins = p.Bins[:0]
	mask := r.parts(partOfValues | partOfSeen | partOfTagged)
	if mask&partOfValues != 0 {
		for n := r.length(); n > 0 && !r.bad; n-- {
			b := r.metricOf(p)
			rest, err := b.Values.Parse(r.rest)
			if err != nil {
				r.fail()
				return
			}
			r.rest = rest
		}
	}
	if mask&partOfSeen != 0 {
		for n := r.length(); n > 0 && !r.bad; n-- {
			r.seen(r.metricOf(p))
		}
	}
	if mask&partOfTagged != 0 {
		for n := r.length(); n > 0 && !r.bad; n-- {
			r.tagged(r.metricOf(p))
		}
	}
}

// metricOf reads the index of a metric and makes room for it.
func (r *reader) metricOf(p *PaneDelta) *PaneBins {
	at := r.small()
	if at >= mostMetrics {
		r.fail()
		at = 0
	}
	return p.BinsOf(at)
}

func (r *reader) seen(b *PaneBins) {
	b.Seen = b.Seen[:0]
	for n := r.length(); n > 0 && !r.bad; n-- {
		b.Seen.Add(r.small(), r.int())
	}
}

func (r *reader) tagged(b *PaneBins) {
	b.Tagged = b.Tagged[:0]
	register := 0
	for n := r.length(); n > 0 && !r.bad; n-- {
		step := r.small()
		rank := (register + step) & (1<<rankBits - 1)
		if register += step; step == 0 || rank == 0 || rank > mostRank || register>>rankBits >= 1<<sketchBits {
			r.fail()
			return
		}
		b.Tagged = append(b.Tagged, uint32(register))
	}
}

// BinsOf are the bins of a metric, made where they are missing; valid until the next call.
func (p *PaneDelta) BinsOf(metric int) *PaneBins {
	for len(p.Bins) <= metric {
		if len(p.Bins) < cap(p.Bins) { // what the memory holds is used again
			p.Bins = p.Bins[:len(p.Bins)+1]
			p.Bins[len(p.Bins)-1].Reset()
		} else {
			p.Bins = append(p.Bins, PaneBins{})
		}
	}
	return &p.Bins[metric]
}
