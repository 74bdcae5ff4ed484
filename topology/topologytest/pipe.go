package topologytest

import (
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// In writes a topic by its codecs (Kafka Streams: TestInputTopic).
type In[K, V any] struct {
	d     *Driver
	topic string
	key   codecs.Codec[K]
	value codecs.Codec[V]
}

// NewIn gives the typed input of a topic that the topology reads; another one fails the test.
func NewIn[K, V any](d *Driver, topic string, key codecs.Codec[K], value codecs.Codec[V]) In[K, V] {
	d.t.Helper()
	d.source(topic)
	return In[K, V]{d, topic, key, value}
}

// Pipe appends a record at the driver's wall time, to the partition of its key. Run processes it.
func (in In[K, V]) Pipe(key K, value V) {
	in.d.t.Helper()
	in.Put(topology.Record[K, V]{Key: key, Value: value})
}

// PipeAt is Pipe with an append time, which is the event time of sources that take no other.
func (in In[K, V]) PipeAt(at time.Time, key K, value V) {
	in.d.t.Helper()
	in.Put(topology.Record[K, V]{Key: key, Value: value, Time: at.UnixMilli()})
}

// Delete appends a tombstone: it deletes the row of a table.
func (in In[K, V]) Delete(key K) {
	in.d.t.Helper()
	in.Put(topology.Record[K, V]{Key: key, Tombstone: true})
}

// Put appends a record with its headers. A Time of 0 is the driver's wall time.
func (in In[K, V]) Put(rec topology.Record[K, V]) {
	in.d.t.Helper()
	var key []byte
	var err error
	if !rec.Keyless {
		key, err = written(in.key, rec.Key)
		in.d.check(err)
	}
	raw := task.Record{Appended: rec.Time, Key: key, Headers: rec.Headers}
	if !rec.Tombstone {
		raw.Value, err = written(in.value, rec.Value)
		in.d.check(err)
	}
	in.d.PipeTo(in.topic, topology.PartitionOf(key, len(in.d.source(in.topic).partitions)), raw)
}

// Out reads a topic by its codecs, committed records only (Kafka Streams: TestOutputTopic).
type Out[K comparable, V any] struct {
	d     *Driver
	topic string
	key   codecs.Codec[K]
	value codecs.Codec[V]
	at    []int // records read, by partition
}

// NewOut gives the typed output of a topic. It begins at the start of the topic. One that the topology does not have
// fails the test.
func NewOut[K comparable, V any](d *Driver, topic string, key codecs.Codec[K], value codecs.Codec[V]) *Out[K, V] {
	d.t.Helper()
	return &Out[K, V]{d: d, topic: topic, key: key, value: value, at: make([]int, len(d.topic(topic).partitions))}
}

// Read gives the records that came since the last Read, partition after partition. Time is the event time that a record
// was sent with, as the worker stamps it; of one without, the wall time. A record that the codecs do not take fails the test.
func (out *Out[K, V]) Read() (all []topology.Record[K, V]) {
	out.d.t.Helper()
	for p, log := range out.d.topic(out.topic).partitions {
		for ; out.at[p] < len(log); out.at[p]++ {
			if r := &log[out.at[p]]; !r.marker {
				all = append(all, out.parse(r))
			}
		}
	}
	return all
}

// Last is the latest value of each key of the whole topic; deleted keys are left out.
func (out *Out[K, V]) Last() map[K]V {
	out.d.t.Helper()
	last := map[K]V{}
	for _, r := range out.d.Records(out.topic) {
		rec := out.parse(&r)
		if last[rec.Key] = rec.Value; rec.Tombstone {
			delete(last, rec.Key)
		}
	}
	return last
}

func (out *Out[K, V]) parse(r *Record) (rec topology.Record[K, V]) {
	out.d.t.Helper()
	var err error
	if rec.Keyless = r.Key == nil; !rec.Keyless {
		if rec.Key, err = parse(out.key, r.Key); err != nil {
			out.d.t.Fatalf("%s/%d: key at offset %d: %v", out.topic, r.Partition, r.Offset, err)
		}
	}
	rec.Time, rec.Headers, rec.Tombstone = r.Appended, r.Headers, r.Value == nil
	if rec.Tombstone {
		return rec
	}
	if rec.Value, err = parse(out.value, r.Value); err != nil {
		out.d.t.Fatalf("%s/%d: value at offset %d: %v", out.topic, r.Partition, r.Offset, err)
	}
	return rec
}
