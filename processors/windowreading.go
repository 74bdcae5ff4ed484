package processors

import (
	"bytes"
	"cmp"
	"fmt"

	"github.com/abacus-stream/abacus/state"
)

// windowReading shows the rows of tumbling windows, which are their windows.
type windowReading struct{ windowedKeys }

// windowedKeys are what stores of windows show: those of WindowedCodec, in the partitions of their records.
type windowedKeys struct{}

func (windowedKeys) Record(key []byte) ([]byte, error) {
	if len(key) < windowedHead || key[0] != windowedVersion {
		return nil, fmt.Errorf("%x: %w: it is one of WindowedCodec", key, state.ErrKey)
	}
	return key[windowedHead:], nil
}

func (r windowReading) Get(v *state.View, key []byte) (value []byte, ok bool, err error) {
	if _, err := r.Record(key); err != nil {
		return nil, false, err
	}
	row, ok, err := v.Get(key)
	if err != nil || !ok {
		return nil, false, err
	}
	value, err = resultOf(row, false)
	return value, err == nil, rowFault(key, err)
}

// Scan leaps over the keys that are not asked for.
func (r windowReading) Scan(v *state.View, b state.Bounds, visit func(at []byte, row state.Shown) bool) error {
	from, to := appendWindow(nil, b.Since), appendWindow(nil, b.Until)
	scan := v.Scan
	switch {
	case b.Reverse && b.After != nil:
		to = b.After
	case b.After != nil:
		from = append(bytes.Clone(b.After), 0)
	}
	if b.Reverse {
		scan = v.ScanBack
	}
	for leapt := true; leapt && bytes.Compare(from, to) < 0; {
		var fault error
		leapt = false
		err := scan(from, to, func(key, row []byte) bool {
			record := key[windowedHead:]
			if !b.Has(record) {
				if leapt = visit(key, state.Shown{}); leapt {
					from, to = leap(key, b, from, to)
				}
				return false
			}
			value, err := resultOf(row, false)
			if err != nil {
				fault = rowFault(key, err)
				return false
			}
			start, end := windowOf(key)
			return visit(key, state.Shown{Key: key, Value: value, Record: record, Start: start, End: end})
		})
		if err = cmp.Or(err, fault); err != nil {
			return err
		}
	}
	return nil
}

// leap is what is left of a scan behind a key that is out of its bounds.
func leap(key []byte, b state.Bounds, from, to []byte) (newFrom, newTo []byte) {
	least, beyond := b.From, b.To
	if b.Key != nil {
		least, beyond = b.Key, append(bytes.Clone(b.Key), 0)
	}
	head, below := key[:windowedHead:windowedHead], bytes.Compare(key[windowedHead:], least) < 0
	start, _ := windowOf(key)
	switch {
	case b.Reverse && below:
		return from, bytes.Clone(head)
	case b.Reverse:
		return from, append(head, beyond...)
	case below:
		return append(head, least...), to
	}
	return appendWindow(nil, start+1), to
}

func rowFault(key []byte, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("row of key %x: %w", key, err)
}
