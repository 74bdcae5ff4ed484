package task

import (
	"github.com/abacus-stream/abacus/topology"
)

// Outbox collects what the tasks of a worker produce until the commit begins. Its bytes are
// flat and stay where they are until Reset.
type Outbox struct {
	entries []Entry
	slab    []byte
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

// slabSize is how much is allocated at once for the bytes of entries.
const slabSize = 1 << 18

// copy keeps bytes until Reset; nil stays nil, and nothing else becomes nil.
func (o *Outbox) copy(b []byte) []byte {
	if b == nil {
		return nil
	}
	if o.slab == nil || cap(o.slab)-len(o.slab) < len(b) {
		o.slab = make([]byte, 0, max(slabSize, len(b)))
	}
	n := len(o.slab)
	o.slab = append(o.slab, b...)
	return o.slab[n:len(o.slab):len(o.slab)]
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
	o.entries, o.slab, o.bytes = o.entries[:0], o.slab[:0], 0
}
