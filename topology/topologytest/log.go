package topologytest

import (
	"iter"
	"maps"
	"slices"
	"strings"

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
	d.t.Helper()
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
	d.t.Helper()
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

// fill makes the topics of the topology.
func (d *Driver) fill() {
	d.t.Helper()
	add := func(name string, n int) {
		if set := d.cfg.Partitions[name]; set > 0 {
			n = set
		}
		if d.topics[name] == nil {
			d.topics[name] = newTopic(n)
		}
	}
	for _, s := range d.topo.Subs {
		for _, src := range s.Sources {
			add(src.Topic, d.cfg.Tasks)
		}
	}
	for _, s := range d.topo.Subs {
		for _, store := range s.Stores {
			if name := s.Changelog(store); d.topics[name] == nil {
				d.topics[name] = newTopic(d.tasks(s))
			}
		}
	}
	for _, name := range append([]string{d.cfg.DeadLetter, d.cfg.Late}, d.topo.Globals...) {
		if d.topics[name] == nil {
			d.topics[name] = newTopic(1)
		}
	}
	for _, s := range d.topo.Subs {
		for _, sink := range s.Sinks {
			add(sink.Topic, d.cfg.Tasks)
		}
	}
	for name := range d.cfg.Partitions {
		d.topic(name)
	}
}

// topic gives a topic of the topology.
func (d *Driver) topic(name string) *topic {
	d.t.Helper()
	t := d.topics[name]
	if t == nil {
		d.t.Fatalf("the topology has no topic %q, only %s", name, names(maps.Keys(d.topics)))
	}
	return t
}

// source gives a topic that the topology reads, or restores from.
func (d *Driver) source(name string) *topic {
	d.t.Helper()
	read, restored := map[string]bool{}, map[string]bool{}
	for _, s := range d.topo.Subs {
		for _, src := range s.Sources {
			read[src.Topic] = true
		}
		for _, store := range s.Stores {
			restored[s.Changelog(store)] = true
		}
	}
	for _, global := range d.topo.Globals {
		read[global] = true
	}
	if !read[name] && !restored[name] {
		d.t.Fatalf("the topology does not read topic %q: it reads %s", name, names(maps.Keys(read)))
	}
	return d.topic(name)
}

// names lists what there is instead of a name that there is not.
func names(all iter.Seq[string]) string { return strings.Join(slices.Sorted(all), ", ") }

// Pipe appends a record to a topic at the driver's wall time; the partition is by key.
func (d *Driver) Pipe(name string, key, value []byte, headers ...topology.Header) {
	d.t.Helper()
	d.PipeAt(name, d.wall, key, value, headers...)
}

// PipeAt is Pipe with an append time in Unix ms, which is the event time of sources that take no other.
func (d *Driver) PipeAt(name string, at int64, key, value []byte, headers ...topology.Header) {
	d.t.Helper()
	partition := topology.PartitionOf(key, len(d.source(name).partitions))
	d.PipeTo(name, partition, task.Record{Appended: at, Key: key, Value: value, Headers: headers})
}

// PipeTo appends a record to one partition. A topic that the topology does not read fails the test. An append time of 0 is the driver's wall time.
func (d *Driver) PipeTo(name string, partition int32, r task.Record) {
	d.t.Helper()
	if r.Appended == 0 {
		r.Appended = d.wall
	}
	d.source(name).add(partition, r)
}
