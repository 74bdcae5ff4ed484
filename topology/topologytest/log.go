package topologytest

import (
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// Record is one record of a topic.
type Record struct {
	task.Record
	Partition int32
	marker    bool // a control record, or one of an aborted transaction: nobody reads it
}

// topic is the partitions of a topic, each a slice indexed by offset.
type topic struct{ partitions [][]Record }

func newTopic(n int) *topic { return &topic{partitions: make([][]Record, n)} }

func (t *topic) end(partition int32) int64 { return int64(len(t.partitions[partition])) }

func (t *topic) add(partition int32, r task.Record) {
	r.Offset = t.end(partition)
	t.partitions[partition] = append(t.partitions[partition], Record{Record: r, Partition: partition})
}

// mark adds the control record that ends a transaction.
func (t *topic) mark(partition int32) {
	t.partitions[partition] = append(t.partitions[partition], Record{marker: true, Partition: partition})
}

// Records are the records of a topic, partition after partition, without control records.
func (d *Driver) Records(name string) []Record {
	var all []Record
	for _, p := range d.topic(name).partitions {
		for _, r := range p {
			if !r.marker {
				all = append(all, r)
			}
		}
	}
	return all
}

// Last is the latest value per key of a topic; deleted keys are left out.
func (d *Driver) Last(name string) map[string][]byte {
	last := map[string][]byte{}
	for _, r := range d.Records(name) {
		if r.Value == nil {
			delete(last, string(r.Key))
		} else {
			last[string(r.Key)] = r.Value
		}
	}
	return last
}

// Headers of a record as a map, for assertions.
func (r Record) HeaderMap() map[string]string {
	m := map[string]string{}
	for _, h := range r.Headers {
		m[h.Key] = string(h.Value)
	}
	return m
}

// topic gives a topic, made on first use with the driver's number of partitions.
func (d *Driver) topic(name string) *topic {
	t, ok := d.topics[name]
	if !ok {
		n, set := d.cfg.Partitions[name]
		if !set {
			n = d.cfg.Tasks
		}
		t = newTopic(n)
		d.topics[name] = t
	}
	return t
}

// Pipe appends a record to a topic at the driver's wall time; the partition is by key.
func (d *Driver) Pipe(name string, key, value []byte, headers ...topology.Header) {
	d.PipeAt(name, d.wall, key, value, headers...)
}

// PipeAt is Pipe with an append time in Unix ms, which is the event time of sources that take no other.
func (d *Driver) PipeAt(name string, at int64, key, value []byte, headers ...topology.Header) {
	partition := topology.PartitionOf(key, len(d.topic(name).partitions))
	d.PipeTo(name, partition, task.Record{Appended: at, Key: key, Value: value, Headers: headers})
}

// PipeTo appends a record to one partition. An append time of 0 is the driver's wall time.
func (d *Driver) PipeTo(name string, partition int32, r task.Record) {
	if r.Appended == 0 {
		r.Appended = d.wall
	}
	d.topic(name).add(partition, r)
}
