package processors

import (
	"bytes"
	"cmp"
	"math"

	"github.com/abacus-stream/abacus/state"
)

// slidingReading shows sliding windows, key by key as their panes lie.
type slidingReading[A any] struct{ mergedReading[A] }

func (r slidingReading[A]) Get(v *state.View, key []byte) (value []byte, ok bool, err error) {
	return r.get(v, key, r.collect)
}

// Scan shows the windows of a key at the first of its panes that it comes by: those of a longer key may lie between them.
func (r slidingReading[A]) Scan(v *state.View, b state.Bounds, visit func(at []byte, row state.Shown) bool) error {
	if v.Standby {
		return state.ErrStandby
	}
	from, to := slidingRows(b)
	scan := v.Scan
	if b.Reverse {
		scan = v.ScanBack
	}
	var fault error
	var before []byte // the row of the key shown last
	if b.After != nil {
		before = bytes.Clone(b.After)
	}
	err := scan(from, to, func(row, _ []byte) bool {
		key, start := cutTime(row)
		if before != nil && bytes.Equal(key, before[:len(before)-8]) {
			return true
		}
		before = bytes.Clone(row)
		more := true
		if b.Has(key[1:]) {
			more, fault = r.showAt(v, b, before, start, visit)
		}
		return more && fault == nil && visit(before, state.Shown{})
	})
	return cmp.Or(err, fault)
}

// showAt shows the windows of a pane's key, unless the scan has come by another pane of it.
func (r slidingReading[A]) showAt(v *state.View, b state.Bounds, row []byte, start int64, visit func(at []byte, row state.Shown) bool) (more bool, err error) {
	record := row[1 : len(row)-8]
	of, err := r.collect(v, record, math.MinInt64, math.MaxInt64)
	if err != nil {
		return false, err
	}
	first := 0
	if b.Reverse {
		first = len(of.times) - 1
	}
	if len(of.times) == 0 || of.times[first] != start {
		return true, nil
	}
	return r.show(v, b, record, of, func(shown state.Shown) bool { return visit(row, shown) })
}

// slidingRows are bounds of the rows to look at. A key that others begin with may have panes behind theirs: but for one
// key alone, the upper bound is that of all.
func slidingRows(b state.Bounds) (from, to []byte) {
	from, to = append([]byte{windowedVersion}, b.From...), []byte{windowedVersion + 1}
	if b.Key != nil {
		from = append([]byte{windowedVersion}, b.Key...)
		to = append(appendTime(bytes.Clone(from), math.MaxInt64), 0)
	}
	switch {
	case b.Reverse && b.After != nil:
		to = b.After
	case b.After != nil:
		from = append(bytes.Clone(b.After), 0)
	}
	return from, to
}

// collect reads the panes of a key with from <= start < to.
func (r slidingReading[A]) collect(v *state.View, record []byte, from, to int64) (of storedPanes[A], err error) {
	head := append([]byte{windowedVersion}, record...)
	low, high := appendTime(bytes.Clone(head), from), appendTime(bytes.Clone(head), to)
	var fault error
	err = v.Scan(low, high, func(row, stored []byte) bool {
		if len(row) != len(low) || !bytes.HasPrefix(row, head) {
			return true // a pane of a longer key
		}
		_, at := cutTime(row)
		fault = rowFault(row, r.add(&of, at, stored))
		return fault == nil
	})
	return of, cmp.Or(err, fault)
}
