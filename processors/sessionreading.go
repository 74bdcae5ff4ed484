package processors

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/abacus-stream/abacus/state"
)

// sessionReading shows the sessions of a row, without those that are part of a later one.
type sessionReading struct{ windowedKeys }

func (r sessionReading) Get(v *state.View, key []byte) (value []byte, ok bool, err error) {
	record, err := r.Record(key)
	if err != nil {
		return nil, false, err
	}
	stored, ok, err := v.Get(record)
	if err != nil || !ok {
		return nil, false, err
	}
	var row sessionRow
	if err := row.parse(stored); err != nil {
		return nil, false, rowFault(record, err)
	}
	start, end := windowOf(key)
	for _, s := range row.all {
		if s.flags&gone == 0 && s.start == start && s.end == end {
			return s.result, true, nil
		}
	}
	return nil, false, nil
}

func (r sessionReading) Scan(v *state.View, b state.Bounds, visit func(at []byte, row state.Shown) bool) error {
	var row sessionRow
	var fault error
	err := v.Records(nil, b, func(record, stored []byte) bool {
		if fault = row.parse(stored); fault != nil {
			fault = rowFault(record, fault)
			return false
		}
		if b.Reverse {
			slices.Reverse(row.all)
		}
		for _, s := range row.all {
			if s.flags&gone == 0 && s.start >= b.Since && s.start < b.Until && !visit(record, shownWindow(record, s.start, s.end, s.result)) {
				return false
			}
		}
		return visit(record, state.Shown{})
	})
	return cmp.Or(err, fault)
}

// shownWindow is a result of a window.
func shownWindow(record []byte, start, end int64, result []byte) state.Shown {
	key := append(appendPane(make([]byte, 0, windowedHead+len(record)), start, end), record...)
	return state.Shown{Key: key, Value: bytes.Clone(result), Record: record, Start: start, End: end}
}
