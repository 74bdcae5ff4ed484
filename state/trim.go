package state

import (
	"bytes"
	"fmt"
)

// trimKey is the row, of the table and of its changelog, that says below which key all rows are gone.
var trimKey = []byte("\x00trim")

// Trim removes all rows below a key, for good: no row there may be put again. It costs one change in the changelog and one
// deletion of a range in the engine, however many rows there are; rows changed since the last commit are not logged.
// For tables ordered by time, whose changelog is to delete old records by itself: there are no tombstones in it. The
// key 00 "trim" is taken by it.
func (t *Table) Trim(below []byte) {
	t.writable("Trim")
	if bytes.Compare(below, t.floor) <= 0 {
		return
	}
	t.floor = append(t.floor[:0], below...)
	t.cache.Put(trimKey, below)
}

// Floor is the key below which Trim has removed all rows, also before a restart; empty where it has removed none. Errors are
// the store's.
func (t *Table) Floor() ([]byte, error) { return t.from(nil) }

// Trimmed says whether a change in a changelog is that of a Trim, and below which key the rows before it are gone.
func Trimmed(key, value []byte) (below []byte, ok bool) {
	return value, value != nil && bytes.Equal(key, trimKey)
}

// gone says whether a key lies below what Trim has left.
func (t *Table) gone(key []byte) bool {
	return len(t.floor) > 0 && bytes.Compare(key, t.floor) < 0
}

// left says whether a row ahead is to be written.
func (t *Table) left(key []byte) bool { return !t.gone(key) || bytes.Equal(key, trimKey) }

// from is the lower bound of a scan: nothing below the floor is seen, nor the row that tells it.
func (t *Table) from(bound []byte) ([]byte, error) {
	if !t.looked {
		floor, _, err := t.store.Get(trimKey)
		if err != nil {
			return nil, fmt.Errorf("state: table %s: floor: %w", t.name, err)
		}
		t.settled, t.looked = append(t.settled[:0], floor...), true
		if bytes.Compare(t.floor, floor) < 0 {
			t.floor = append(t.floor[:0], floor...)
		}
	}
	if bytes.Compare(bound, t.floor) < 0 {
		return t.floor, nil
	}
	return bound, nil
}

// Replay adds a record of a changelog: a row, a deletion where the value is nil, or a Trim.
func (b *Batch) Replay(key, value []byte) {
	switch below, trim := Trimmed(key, value); {
	case trim:
		b.DeleteRange(nil, below)
		b.Put(trimKey, below)
	case value == nil:
		b.Delete(key)
	default:
		b.Put(key, value)
	}
}
