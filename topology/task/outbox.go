package task

import (
	"github.com/abacus-stream/abacus/topology"
)

// Outbox collects what the tasks of a worker produce until the commit begins. Its bytes are
// flat and stay where they are until Reset.
type Outbox struct {
	entries []Entry
	slabs   [][]byte
	filling int // the slab that is filled; those before it are full, those behind it empty
	bytes   int64
}

// Entry is one record to be produced.
type Entry struct {
	Task      *Task
	Kind      Kind
	Index     int   // of the sink or store in the sub-topology
	Partition int32 // -1: by the sink's partitioner
	Key       []byte
	Value     []byte // nil is a tombstone
	Time      int64  // event time in Unix ms; 0: none
	Headers   []topology.Header

	from   string // topic of the record it was sent for; empty: a timer or the flush sent it
	offset int64
}

// Kind says where an entry goes.
type Kind uint8

// The kinds of an entry.
const (
	ToSink Kind = iota
	ToChangelog
	ToDeadLetters
	ToLate
)

// slabSize is how much is allocated at once for the bytes of entries, slabsKept how many such slabs a Reset keeps.
const slabSize, slabsKept = 1 << 18, 64

// copy keeps bytes until Reset; nil stays nil, and nothing else becomes nil.
func (o *Outbox) copy(b []byte) []byte {
	if b == nil {
		return nil
	}
	slab := o.room(len(b))
	n := len(*slab)
	*slab = append(*slab, b...)
	return (*slab)[n:len(*slab):len(*slab)]
}

// room is a slab that takes so many bytes more.
func (o *Outbox) room(n int) *[]byte {
	for ; o.filling < len(o.slabs); o.filling++ {
		if slab := &o.slabs[o.filling]; cap(*slab)-len(*slab) >= n {
			return slab
		}
	}
	o.slabs = append(o.slabs, make([]byte, 0, max(slabSize, n)))
	return &o.slabs[o.filling]
}

func (o *Outbox) add(e Entry) {
	o.bytes += int64(len(e.Key) + len(e.Value))
	o.entries = append(o.entries, e)
}

// Entries are the records in the order they were sent.
func (o *Outbox) Entries() []Entry { return o.entries }

// Bytes is the size of the keys and values waiting.
func (o *Outbox) Bytes() int64 { return o.bytes }

// Reset empties the outbox. Slices taken from it are no longer valid.
func (o *Outbox) Reset() {
	clear(o.entries)
	kept := o.slabs[:0]
	for _, slab := range o.slabs {
		if cap(slab) == slabSize && len(kept) < slabsKept {
			kept = append(kept, slab[:0])
		}
	}
	clear(o.slabs[len(kept):])
	o.slabs = kept
	o.entries, o.filling, o.bytes = o.entries[:0], 0, 0
}
