package state

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// turn is the place of a change in the order of keys.
type turn struct {
	head uint64 // of its key, after what all keys share: most comparisons need no more
	at   int    // of the change in the batch
}

// EachByKey is Each in an order that comes to the same and that an engine takes in less time: the changes between two ranges
// in the order of their keys, of those of one key the last alone.
func (b *Batch) EachByKey(visit func(kind Change, first, second []byte) error) error {
	for from := 0; from < len(b.changes); {
		to := b.run(from)
		for i, t := range b.turns {
			kind, key, value, _ := b.change(t.at)
			if i+1 < len(b.turns) && b.turns[i+1].head == t.head && bytes.Equal(key, b.key(b.turns[i+1].at)) {
				continue
			}
			if err := visit(kind, key, value); err != nil {
				return err
			}
		}
		if from = to; from < len(b.changes) {
			kind, first, second, next := b.change(from)
			if err := visit(kind, first, second); err != nil {
				return err
			}
			from = next
		}
	}
	return nil
}

// run puts the changes up to the next range, whose place it gives, or to the end, into order.
func (b *Batch) run(from int) (to int) {
	b.turns = b.turns[:0]
	var shared []byte
	for to = from; to < len(b.changes) && Change(b.changes[to]) != ChangeDeleteRange; {
		_, key, _, next := b.change(to)
		if to == from {
			shared = key
		}
		shared = shared[:common(shared, key)]
		b.turns = append(b.turns, turn{at: to})
		to = next
	}
	for i := range b.turns {
		b.turns[i].head = head(b.key(b.turns[i].at)[len(shared):])
	}
	slices.SortFunc(b.turns, func(x, y turn) int {
		if x.head != y.head {
			return cmp.Compare(x.head, y.head)
		}
		return cmp.Or(bytes.Compare(b.key(x.at), b.key(y.at)), cmp.Compare(x.at, y.at))
	})
	return to
}

func (b *Batch) key(at int) []byte {
	key, _ := cutBytes(b.changes[at+1:])
	return key
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
