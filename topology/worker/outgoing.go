package worker

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology/task"
)

// collect turns the outbox into records of the client.
func (t *transaction) collect() (err error) {
	var at *task.Entry
	defer func() {
		if err != nil {
			err = misplaced(at, err)
		}
	}()
	defer recovered(&err) // a partitioner's
	entries := t.w.outbox.Entries()
	t.records, t.entries, t.letters = t.records[:0], t.entries[:0], t.letters[:0]
	var to target
	for i := range entries {
		e := &entries[i]
		at = e
		if !to.of(e) {
			to = t.target(e)
		}
		if e.Partition == task.EveryPartition {
			for p := range to.partitions {
				t.add(e, to.topic, int32(p))
			}
			continue
		}
		p := e.Partition
		if p < 0 {
			p = e.Task.Sub().Sinks[e.Index].Partition(e.Key, to.partitions)
		}
		if p < 0 || int(p) >= to.partitions {
			return fmt.Errorf("sink %s: partition %d of a record is beyond its %d partitions: mend the sink's partitioner, or what calls Context.Send", to.topic, p, to.partitions)
		}
		t.add(e, to.topic, p)
	}
	return nil
}

// misplaced is a failure at the record that an output was made of.
func misplaced(e *task.Entry, cause error) error {
	if failed := e.Task.Misplaced(e, cause); failed != nil {
		return failed
	}
	return failedAt(e.Task.Task(), "outputs", cause)
}

// target is where the entries of a sink or store of a task go, which mostly follow each other.
type target struct {
	task       *task.Task
	kind       task.Kind
	index      int
	topic      string
	partitions int
}

func (to *target) of(e *task.Entry) bool {
	return to.task == e.Task && to.kind == e.Kind && to.index == e.Index
}

func (t *transaction) target(e *task.Entry) target {
	sub := e.Task.Sub()
	to := target{task: e.Task, kind: e.Kind, index: e.Index}
	switch e.Kind {
	case task.ToDeadLetters:
		to.topic = t.w.app.cfg.DeadLetters
	case task.ToLate:
		to.topic = t.w.app.cfg.Lates
	case task.ToChangelog:
		to.topic = sub.Changelog(sub.Stores[e.Index])
	default:
		to.topic = sub.Sinks[e.Index].Topic
	}
	to.partitions = max(t.w.app.topics.partitions[to.topic], 1)
	return to
}

func (t *transaction) add(e *task.Entry, topic string, partition int32) {
	t.records, t.entries = append(t.records, record(e, topic, partition)), append(t.entries, e)
}

func record(e *task.Entry, topic string, partition int32) kgo.Record {
	r := kgo.Record{Topic: topic, Partition: partition, Key: e.Key, Value: e.Value}
	if e.Time > 0 {
		r.Timestamp = time.UnixMilli(e.Time)
	}
	for _, h := range e.Headers {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
	}
	return r
}
