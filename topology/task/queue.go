package task

import (
	"slices"

	"github.com/abacus-stream/abacus/topology"
)

// Record is one record as a worker hands it over. The bytes stay valid until
// the task has processed it.
type Record struct {
	Offset   int64
	Appended int64 // Unix ms
	Key      []byte
	Value    []byte
	Headers  []topology.Header
}

// queue holds the unprocessed records of one input partition, in offset order.
type queue struct {
	source  *topology.SourceNode
	input   topology.Input
	records []Record
	head    int

	ready bool // the head is decoded: time and timed are of it
	time  int64
	timed bool

	next      int64 // offset after the last processed record
	greatest  int64 // greatest event time of a timed record
	quietFrom int64 // wall time since which the broker shows nothing after next; 0: not known to be quiet
}

func (q *queue) len() int { return len(q.records) - q.head }

// grow makes room for n records at the end. A queue that is never empty drops its processed records here, once
// they are as many as the others.
func (q *queue) grow(n int) []Record {
	q.quietFrom = 0
	if q.head > 0 && q.head >= q.len() {
		left := copy(q.records, q.records[q.head:])
		clear(q.records[left:])
		q.records, q.head = q.records[:left], 0
	}
	q.records = slices.Grow(q.records, n)
	end := len(q.records)
	q.records = q.records[:end+n]
	return q.records[end:]
}

// done drops the head. The bytes of all records go when the queue is empty: one by one costs more.
func (q *queue) done() {
	q.next = q.records[q.head].Offset + 1
	q.head++
	q.ready = false
	if q.head == len(q.records) {
		clear(q.records)
		q.records, q.head = q.records[:0], 0
	}
}

// before is the order between heads: event time, then topic, then offset.
func (q *queue) before(o *queue) bool {
	if q.time != o.time {
		return q.time < o.time
	}
	return q.source.Topic < o.source.Topic
}
