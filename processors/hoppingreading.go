package processors

import (
	"bytes"
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/abacus-stream/abacus/state"
)

// hoppingReading shows hopping windows, key by key in their order, which is not that of their panes: it reads the next
// keys of all panes, and shows those that it has seen all panes of.
type hoppingReading[A any] struct{ mergedReading[A] }

// What is read at once, over all panes; of each at least one row.
const batchRows, batchBytes = 500, 1 << 20

func (r hoppingReading[A]) Get(v *state.View, key []byte) (value []byte, ok bool, err error) {
	return r.get(v, key, r.collect)
}

// collect reads the panes of a key with from <= start < to.
func (r hoppingReading[A]) collect(v *state.View, record []byte, from, to int64) (of storedPanes[A], err error) {
	for start := floor(from+r.pane-1, r.pane); start < to; start += r.pane {
		key := append(appendPane(nil, start, start+r.pane), record...)
		row, ok, err := v.Get(key)
		if err == nil && ok {
			err = rowFault(key, r.add(&of, start, row))
		}
		if err != nil {
			return of, err
		}
	}
	return of, nil
}

func (r hoppingReading[A]) Scan(v *state.View, b state.Bounds, visit func(at []byte, row state.Shown) bool) error {
	if v.Standby {
		return state.ErrStandby
	}
	for {
		next, err := r.read(v, b)
		if err != nil {
			return err
		}
		for _, record := range next.complete(b.Reverse) {
			at := []byte(record)
			more, err := r.show(v, b, at, *next.of[record], func(shown state.Shown) bool { return visit(at, shown) })
			if err != nil || !more || !visit(at, state.Shown{}) {
				return err
			}
		}
		if next.last == nil {
			return nil
		}
		b.After = next.last
	}
}

// batch is the panes of some keys; those beyond last may lack some. A last of nil is that of the end.
type batch[A any] struct {
	of   map[string]*storedPanes[A]
	last []byte
}

// complete are the keys whose panes are all there, in the order asked for.
func (n batch[A]) complete(reverse bool) []string {
	all := slices.Sorted(maps.Keys(n.of))
	if reverse {
		slices.Reverse(all)
	}
	return slices.DeleteFunc(all, func(record string) bool { return n.last != nil && ahead(n.last, []byte(record), reverse) })
}

// ahead says whether a scan comes by one key before the other.
func ahead(one, other []byte, reverse bool) bool {
	if reverse {
		one, other = other, one
	}
	return bytes.Compare(one, other) < 0
}

// read reads the next keys of the panes that windows within the bounds have.
func (r hoppingReading[A]) read(v *state.View, b state.Bounds) (n batch[A], err error) {
	n.of = map[string]*storedPanes[A]{}
	from, to := max(b.Since, r.open(v.StreamTime)), int64(math.MaxInt64)
	if b.Until < math.MaxInt64-r.size {
		to = b.Until + r.size
	}
	for start, ok, err := r.nextPane(v, from, to); ok || err != nil; start, ok, err = r.nextPane(v, start+r.pane, to) {
		if err != nil {
			return n, err
		}
		if err := r.readPane(v, b, start, &n); err != nil {
			return n, err
		}
	}
	return n, nil
}

// nextPane is the first pane with from <= start < to that has rows.
func (r hoppingReading[A]) nextPane(v *state.View, from, to int64) (start int64, ok bool, err error) {
	err = v.Scan(appendWindow(nil, from), appendWindow(nil, to), func(key, _ []byte) bool {
		start, _ = windowOf(key)
		ok = true
		return false
	})
	return start, ok, err
}

// readPane adds the next keys of a pane, and brings the last complete one back to where it stops.
func (r hoppingReading[A]) readPane(v *state.View, b state.Bounds, start int64, n *batch[A]) error {
	most := max(int((r.size+r.grace)/r.pane), 1)
	rows, size := 0, 0
	var fault error
	err := v.Records(appendPane(nil, start, start+r.pane), b, func(record, row []byte) bool {
		of := n.of[string(record)]
		if of == nil {
			of = &storedPanes[A]{}
			n.of[string(record)] = of
		}
		if fault = r.add(of, start, row); fault != nil {
			fault = rowFault(record, fault)
			return false
		}
		rows, size = rows+1, size+len(row)
		if rows < batchRows/most && size < batchBytes/most {
			return true
		}
		if n.last == nil || ahead(record, n.last, b.Reverse) {
			n.last = append([]byte{}, record...)
		}
		return false
	})
	return cmp.Or(err, fault)
}
