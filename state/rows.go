package state

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
)

// Rows is a typed view of a Table. Its scratch buffers are used again by every call. One goroutine.
type Rows[K, V any] struct {
	table      *Table
	keys       codecs.Codec[K]
	values     codecs.Codec[V]
	key, value []byte
	parsed     V // what a codec parses into: a variable of the call would be allocated
}

// NewRows views a table through a codec for its keys and one for its values.
func NewRows[K, V any](table *Table, keys codecs.Codec[K], values codecs.Codec[V]) *Rows[K, V] {
	return &Rows[K, V]{table: table, keys: keys, values: values}
}

// Table is the table below.
func (r *Rows[K, V]) Table() *Table { return r.table }

// Get returns the value of a key, and whether it has one. Where the codec's values alias their bytes, the value is valid
// until the next call on the table.
func (r *Rows[K, V]) Get(k K) (v V, ok bool, err error) {
	if err = r.encodeKey(k); err != nil {
		return v, false, err
	}
	data, ok, err := r.table.Get(r.key)
	if err != nil || !ok {
		return v, false, err
	}
	if v, err = r.parse(data); err != nil {
		return v, false, fmt.Errorf("state: table %s: value of key %q: %w", r.table.name, r.key, err)
	}
	return v, true, nil
}

// Put sets the value of a key. An error, always the codec's, leaves the row as it was.
func (r *Rows[K, V]) Put(k K, v V) error {
	if err := r.encodeKey(k); err != nil {
		return err
	}
	data, err := r.values.Append(r.value[:0], v)
	if err != nil {
		return fmt.Errorf("state: table %s: value for key %q: %w", r.table.name, r.key, err)
	}
	r.value = data
	r.table.Put(r.key, data)
	return nil
}

// Delete removes a key. An error is the codec's.
func (r *Rows[K, V]) Delete(k K) error {
	if err := r.encodeKey(k); err != nil {
		return err
	}
	r.table.Delete(r.key)
	return nil
}

// Scan visits the rows in the order of their encoded keys, uncommitted ones included. Visit returns false to stop; it may
// read the table but not write it. A row that does not decode ends the scan with the codec's error.
func (r *Rows[K, V]) Scan(visit func(k K, v V) bool) error {
	var failed error
	err := r.table.Scan(nil, nil, func(key, value []byte) bool {
		var k K
		var v V
		if failed = r.keys.Parse(key, &k); failed == nil {
			v, failed = r.parse(value)
		}
		if failed != nil {
			failed = fmt.Errorf("state: table %s: row %q: %w", r.table.name, key, failed)
			return false
		}
		return visit(k, v)
	})
	if err != nil {
		return err
	}
	return failed
}

// parse leaves the zero V behind, so that no value shares memory with one returned before.
func (r *Rows[K, V]) parse(data []byte) (V, error) {
	err := r.values.Parse(data, &r.parsed)
	v := r.parsed
	var zero V
	r.parsed = zero
	return v, err
}

func (r *Rows[K, V]) encodeKey(k K) error {
	key, err := r.keys.Append(r.key[:0], k)
	if err != nil {
		return fmt.Errorf("state: table %s: key: %w", r.table.name, err)
	}
	r.key = key
	return nil
}
