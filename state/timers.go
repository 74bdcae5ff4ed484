package state

import (
	"bytes"
	"encoding/binary"
)

// Timers orders keys by the time they are due, in memory and without a pointer per timer. Equal times are ordered by key, so
// the order does not depend on that of the Adds. One goroutine; the zero Timers is empty.
type Timers struct {
	heap    []timer // four children each: those of i are 4i+1 ... 4i+4
	keys    []byte  // uvarint length, key
	garbage int     // bytes of keys that belong to no timer
	spare   []byte  // the arena before the last compaction
}

type timer struct {
	due int64
	at  int // in keys
}

const (
	heapWidth    = 4
	timerGarbage = 4 << 10 // bytes below which compaction is not worth it
)

// Add sets a timer. A key may have several, equal ones too. The key is copied; it may be the one Pop has just returned.
func (t *Timers) Add(due int64, key []byte) {
	if t.garbage > timerGarbage && t.garbage*2 > len(t.keys) {
		t.compact()
	}
	at := len(t.keys)
	t.keys = appendBytes(t.keys, key)
	t.heap = append(t.heap, timer{due, at})
	t.up(len(t.heap) - 1)
}

// Next returns when the first timer is due, in Unix ms; false when there is none.
func (t *Timers) Next() (due int64, ok bool) {
	if len(t.heap) == 0 {
		return 0, false
	}
	return t.heap[0].due, true
}

// Pop removes the first timer. The key is valid until the next call on Timers; that Add may be given it.
func (t *Timers) Pop() (key []byte, due int64, ok bool) {
	if len(t.heap) == 0 {
		return nil, 0, false
	}
	first, last := t.heap[0], len(t.heap)-1
	key = t.key(first.at)
	t.garbage += stored(len(key))
	t.heap[0] = t.heap[last]
	t.heap = t.heap[:last]
	if last > 0 {
		t.down(0)
	}
	return key, first.due, true
}

// Len is the number of timers.
func (t *Timers) Len() int { return len(t.heap) }

// Reset removes all timers and keeps the memory.
func (t *Timers) Reset() {
	t.heap, t.keys, t.garbage = t.heap[:0], t.keys[:0], 0
}

func (t *Timers) key(at int) []byte {
	n, width := binary.Uvarint(t.keys[at:])
	start := at + width
	end := start + int(n)
	return t.keys[start:end:end]
}

func (t *Timers) less(a, b timer) bool {
	if a.due != b.due {
		return a.due < b.due
	}
	return bytes.Compare(t.key(a.at), t.key(b.at)) < 0
}

func (t *Timers) up(i int) {
	moving := t.heap[i]
	for i > 0 {
		parent := (i - 1) / heapWidth
		if !t.less(moving, t.heap[parent]) {
			break
		}
		t.heap[i] = t.heap[parent]
		i = parent
	}
	t.heap[i] = moving
}

func (t *Timers) down(i int) {
	moving := t.heap[i]
	for {
		child := heapWidth*i + 1
		if child >= len(t.heap) {
			break
		}
		for other := child + 1; other < min(child+heapWidth, len(t.heap)); other++ {
			if t.less(t.heap[other], t.heap[child]) {
				child = other
			}
		}
		if !t.less(t.heap[child], moving) {
			break
		}
		t.heap[i] = t.heap[child]
		i = child
	}
	t.heap[i] = moving
}

// compact copies the keys of the timers into the spare arena. The old one keeps its bytes until the next compaction, so
// that Add may be given a key of Pop.
func (t *Timers) compact() {
	fresh := t.spare[:0]
	for i, m := range t.heap {
		t.heap[i].at = len(fresh)
		fresh = appendBytes(fresh, t.key(m.at))
	}
	t.keys, t.spare, t.garbage = fresh, t.keys, 0
}

// stored is the size of a key in the arena.
func stored(n int) int {
	var head [binary.MaxVarintLen64]byte
	return binary.PutUvarint(head[:], uint64(n)) + n
}
