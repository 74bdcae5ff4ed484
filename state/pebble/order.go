package pebble

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/abacus-stream/abacus/state"
)

// change is one of a batch; its bytes are the batch's.
type change struct {
	kind       state.Change
	key, value []byte
}

// turn is the place of a change in the order of keys.
type turn struct {
	head uint64 // of its key, after what all keys share: most comparisons need no more
	at   int
}

// byKey calls visit for the changes of a batch in the order of their keys, those of one key as they came: the engine takes
// a third less time for rows in order. A batch with ranges keeps the order it has.
func byKey(b *state.Batch, visit func(kind state.Change, first, second []byte) error) error {
	changes, ranges := make([]change, 0, b.Len()), false
	if err := b.Each(func(kind state.Change, first, second []byte) error {
		changes, ranges = append(changes, change{kind, first, second}), ranges || kind == state.ChangeDeleteRange
		return nil
	}); err != nil {
		return err
	}
	if ranges || len(changes) < 2 {
		return b.Each(visit)
	}
	for _, t := range turns(changes) {
		c := &changes[t.at]
		if err := visit(c.kind, c.key, c.value); err != nil {
			return err
		}
	}
	return nil
}

func turns(changes []change) []turn {
	shared := changes[0].key
	for i := range changes {
		shared = shared[:common(shared, changes[i].key)]
	}
	sorted := make([]turn, len(changes))
	for i := range changes {
		sorted[i] = turn{head(changes[i].key[len(shared):]), i}
	}
	slices.SortFunc(sorted, func(a, b turn) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		return cmp.Or(bytes.Compare(changes[a.at].key, changes[b.at].key), cmp.Compare(a.at, b.at))
	})
	return sorted
}

// head is the first eight bytes of a key as a number; a shorter key ends in zeros.
func head(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var padded [8]byte
	copy(padded[:], key)
	return binary.BigEndian.Uint64(padded[:])
}

// common is the length of what two keys begin with.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
