package state

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
)

var (
	// ErrKey says that bytes are no key of a store.
	ErrKey = errors.New("no key of the store")
	// ErrStandby says that a standby cannot tell the rows of a store, as they are merged by the stream time of its task.
	ErrStandby = errors.New("the task alone can tell: its results are merged as they are read")
)

// Reading is how a store shows its rows to those who read it from outside: what they show has the bytes that the user's
// codecs give, where a row is what an operator keeps. Nothing of it is called for a record. It is used by several
// goroutines at once.
type Reading interface {
	// Record is the key of the records that a key is made of: they lie in its partition. Errors: ErrKey.
	Record(key []byte) ([]byte, error)
	// Get returns the value that a key shows, and whether it has one. The bytes are valid until the next call on the
	// view. Errors: ErrKey, ErrStandby, those of a row that does not parse, the view's.
	Get(v *View, key []byte) (value []byte, ok bool, err error)
	// Scan visits what the rows within bounds show. A row of the store may show several, or none, which is visited without
	// a key; at is the place that Bounds.After goes on behind. Visit returns false to stop and keeps no bytes. Errors are
	// those of Get.
	Scan(v *View, b Bounds, visit func(at []byte, row Shown) bool) error
}

// Shown is what a store shows: one value. Its zero value is nothing.
type Shown struct {
	Key, Value []byte
	Record     []byte // the key of the records; of stores without windows Key itself
	Start, End int64  // of the window, Unix ms; 0 of stores without windows
}

// Bounds say what a scan visits.
type Bounds struct {
	Key          []byte // not nil: of this key of records alone
	From, To     []byte // From <= key of records < To; empty is open
	Since, Until int64  // of windows: Since <= start < Until, Unix ms
	Reverse      bool   // in descending order
	After        []byte // goes on behind this place of a scan of the same bounds; nil: begins
}

// Has says whether the bounds hold a key of records.
func (b Bounds) Has(record []byte) bool {
	if b.Key != nil {
		return bytes.Equal(record, b.Key)
	}
	return bytes.Compare(record, b.From) >= 0 && (len(b.To) == 0 || bytes.Compare(record, b.To) < 0)
}

// ReadValues is the reading of a store that has a row for each key: value finds what is shown in a row, nil shows it whole.
func ReadValues(value func(row []byte) ([]byte, error)) Reading {
	if value == nil {
		value = func(row []byte) ([]byte, error) { return row, nil }
	}
	return valueReading{value}
}

type valueReading struct {
	value func(row []byte) ([]byte, error)
}

func (r valueReading) Record(key []byte) ([]byte, error) { return key, nil }

func (r valueReading) Get(v *View, key []byte) (value []byte, ok bool, err error) {
	row, ok, err := v.Get(key)
	if err != nil || !ok {
		return nil, false, err
	}
	if value, err = r.value(row); err != nil {
		return nil, false, rowError(key, err)
	}
	return value, true, nil
}

func (r valueReading) Scan(v *View, b Bounds, visit func(at []byte, row Shown) bool) error {
	var fault error
	err := v.Records(nil, b, func(key, row []byte) bool {
		value, err := r.value(row)
		if err != nil {
			fault = rowError(key, err)
			return false
		}
		return visit(key, Shown{Key: key, Value: value, Record: key})
	})
	return cmp.Or(err, fault)
}

func rowError(key []byte, err error) error { return fmt.Errorf("row of key %x: %w", key, err) }
