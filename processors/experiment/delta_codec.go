package experiment

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// DeltaCodec is the codec of *Delta, for the repartition topic between the two stages and for rows that
// sum deltas. Append allocates nothing once dst has the room; Parse reuses the Delta that v points to and the capacity
// of its slices, and makes one where v points to nil. It is a codecs.Codec[*Delta].
//
// Layout, version 3. Versions 1 and 2 are read as well: they have no parts, and version 1 no crossed and non-zero units. A
// count is a uvarint, an int a zigzag varint, both as in encoding/binary; a wide is a byte n and then n bytes, the fewest
// that hold the integer in two's complement, big endian (0 has none). Parts are what few experiments need: a count, the
// mask of those that follow, ascending (constants partOf…).
//
//	byte    version = 3
//	count   run
//	int     config version, excluded, corrections
//	count   mask of the drops that are not 0 (bit i is Drop i), then an int for each of them, ascending
//	count   cells, each:
//	  count   variant
//	  int     epoch, units, first seen, crossed
//	  count   live sums, each: int N, wide S, wide SS
//	  count   matured sums, likewise
//	  count   numbers of non-zero units, each: int
//	  parts   0 segment: count segment, int excluded, int corrections
//	          1 joint: count, each: count metric, count totals 1 to 4, then live and matured, each:
//	                   int N, wide S of each total, wide P of each two totals
//	          2 bins: count, each: count metric, count bucket, sketch
//	          3 maturity: int, the pane in seconds
//	          4 drawn: count, each: int; a cell without it has none
//	count   panes, each:
//	  count   variant
//	  int     start less the start of the pane before (of the first: less 0)
//	  int     new units, late
//	  count   metrics, each: int events, wide sum
//	  parts   0 values: count metrics, each: count index, sketch
//	          1 seen: count metrics, each: count index, count gaps, each: count seconds, int units
//	          2 tagged: count metrics, each: count index, count registers, each: count more than the one before
//	parts   1 left out: count causes, an int for each: units left out by Cause, from the second
//
// A sketch is as quantile.Sketch.Append writes it.
type DeltaCodec struct{}

// Layouts by their version byte.
const (
	deltaLayout    = 3
	deltaLayoutTwo = 2
	deltaLayoutOne = 1
)

// partOfMaturity is the part of a cell that says in which pane its sums matured.
const partOfMaturity = 1 << 3

// partOfDrawn is the part of a cell that says how many conversions are of units whose variant was drawn.
const partOfDrawn = 1 << 4

// noParts is the mask of a cell, a pane or a delta that has none.
const noParts = 0

// Parts of a cell and of a delta by their bits in the mask.
const (
	partOfSegment = 1 << 0 // of a cell
	partOfLeftOut = 1 << 1 // of a delta
)

// ErrDelta is the cause of a Parse error for bytes that are not a delta of a known layout.
var ErrDelta = errors.New("malformed delta")

// Append appends the encoding of d; it fails for nil and for a negative run or variant.
func (DeltaCodec) Append(dst []byte, d *Delta) ([]byte, error) {
	if err := encodable(d); err != nil {
		return dst, err
	}
	dst = binary.AppendUvarint(append(dst, deltaLayout), uint64(d.Run))
	dst = binary.AppendVarint(dst, d.Version)
	dst = binary.AppendVarint(dst, d.Excluded)
	dst = binary.AppendVarint(dst, d.Corrections)
	dst = appendDrops(dst, &d.Dropped)
	dst = binary.AppendUvarint(dst, uint64(len(d.Cells)))
	for i := range d.Cells {
		dst = appendCell(dst, &d.Cells[i])
	}
	dst = binary.AppendUvarint(dst, uint64(len(d.Panes)))
	before := int64(0)
	for i := range d.Panes {
		dst = appendPane(dst, &d.Panes[i], before)
		before = d.Panes[i].Start
	}
	return appendDeltaParts(dst, d), nil
}

func appendDeltaParts(dst []byte, d *Delta) []byte {
	if d.LeftOut == [Causes]int64{} {
		return binary.AppendUvarint(dst, noParts)
	}
	dst = binary.AppendUvarint(dst, partOfLeftOut)
	dst = binary.AppendUvarint(dst, uint64(Causes-1))
	for _, n := range d.LeftOut[1:] {
		dst = binary.AppendVarint(dst, n)
	}
	return dst
}

func encodable(d *Delta) error {
	if d == nil {
		return fmt.Errorf("experiment: append delta: %w: nil", ErrDelta)
	}
	if d.Run < 0 {
		return fmt.Errorf("experiment: append delta: %w: run %d", ErrDelta, d.Run)
	}
	for i := range d.Cells {
		if d.Cells[i].Variant < 0 || d.Cells[i].Segment < 0 {
			return fmt.Errorf("experiment: append delta: %w: variant %d, segment %d", ErrDelta, d.Cells[i].Variant, d.Cells[i].Segment)
		}
	}
	for i := range d.Panes {
		if d.Panes[i].Variant < 0 {
			return fmt.Errorf("experiment: append delta: %w: variant %d", ErrDelta, d.Panes[i].Variant)
		}
	}
	return nil
}

func appendDrops(dst []byte, dropped *[Drops]int64) []byte {
	mask := uint64(0)
	for i, n := range dropped {
		if n != 0 {
			mask |= 1 << i
		}
	}
	dst = binary.AppendUvarint(dst, mask)
	for _, n := range dropped {
		if n != 0 {
			dst = binary.AppendVarint(dst, n)
		}
	}
	return dst
}

func appendCell(dst []byte, c *CellDelta) []byte {
	dst = binary.AppendUvarint(dst, uint64(c.Variant))
	dst = binary.AppendVarint(dst, c.Epoch)
	dst = binary.AppendVarint(dst, c.Units)
	dst = binary.AppendVarint(dst, c.FirstSeen)
	dst = binary.AppendVarint(dst, c.Crossed)
	dst = appendSums(appendSums(dst, c.Live), c.Matured)
	return appendCellParts(appendInts(dst, c.NonZero), c)
}

func appendInts(dst []byte, all []int64) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(all)))
	for _, n := range all {
		dst = binary.AppendVarint(dst, n)
	}
	return dst
}

// paneLength is the length of a pane in ms.
const paneLength = 1000

func appendSums(dst []byte, all []stats.Sums) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(all)))
	for i := range all {
		dst = binary.AppendVarint(dst, all[i].N)
		dst = appendSum(dst, all[i].S)
		dst = appendSquares(dst, all[i].SS)
	}
	return dst
}

func appendPane(dst []byte, p *PaneDelta, before int64) []byte {
	dst = binary.AppendUvarint(dst, uint64(p.Variant))
	dst = binary.AppendVarint(dst, p.Start-before)
	dst = binary.AppendVarint(dst, p.UnitsNew)
	dst = binary.AppendVarint(dst, p.Late)
	dst = binary.AppendUvarint(dst, uint64(len(p.Metrics)))
	for i := range p.Metrics {
		dst = binary.AppendVarint(dst, p.Metrics[i].Events)
		dst = appendSum(dst, p.Metrics[i].Sum)
	}
	return appendPaneParts(dst, p)
}

func appendSum(dst []byte, x stats.Int128) []byte {
	var full [16]byte
	return appendWide(dst, x.Append(full[:0]))
}

func appendSquares(dst []byte, x stats.Int192) []byte {
	var full [24]byte
	return appendWide(dst, x.Append(full[:0]))
}

// appendWide drops the leading bytes that only repeat the sign.
func appendWide(dst, full []byte) []byte {
	for len(full) > 1 {
		sign := byte(int8(full[1]) >> 7)
		if full[0] != sign {
			break
		}
		full = full[1:]
	}
	if full[0] == 0 && len(full) == 1 {
		full = full[:0]
	}
	return append(append(dst, byte(len(full))), full...)
}
