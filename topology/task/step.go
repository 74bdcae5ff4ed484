package task

import (
	"fmt"

	"github.com/abacus-stream/abacus/topology"
)

// Reasons of the engine's own dead letters; applications have theirs.
const (
	ReasonUndecodable = "undecodable"
	ReasonFailed      = "failed"
	ReasonRefused     = "refused" // an output, by the broker
	ReasonFuture      = "ts_future"
	ReasonPast        = "ts_past"
)

// earliest is 2000-01-01T00:00:00Z: an event time before it is a fault of the producer's clock.
const earliest = 946684800000

// Process handles up to limit records, oldest event time first, and says how many it did. An error that
// is a Failure is of a record; after any error the task is not used any more, but to try it again.
func (t *Task) Process(limit int) (n int, err error) {
	for n < limit && t.clock.wall >= t.trial.again {
		did, sent, err := t.steps(limit - n)
		n += did
		if err == nil {
			return n, nil
		}
		if err = t.failed(err, sent); err != nil {
			return n, err
		}
	}
	return n, nil
}

// steps is Process up to the first failure; sent is the length of the outbox before the step that
// failed, -1 if it was none.
func (t *Task) steps(limit int) (n, sent int, err error) {
	defer caught(&err)
	for ; n < limit; n++ {
		sent = -1
		q, err := t.oldest()
		if err != nil || q == nil {
			return n, sent, err
		}
		sent = len(t.cfg.Outbox.entries)
		if err := t.step(q); err != nil {
			return n, sent, err
		}
	}
	return n, sent, nil
}

// oldest is the queue whose head comes next; nil when all are empty.
func (t *Task) oldest() (*queue, error) {
	var best *queue
	for _, q := range t.queues {
		if err := t.prepare(q); err != nil {
			return nil, err
		}
		if q.ready && (best == nil || q.before(best)) {
			best = q
		}
	}
	return best, nil
}

// prepare decodes the head of a queue, taking watermarks and bad records out on the way.
func (t *Task) prepare(q *queue) error {
	for !q.ready && q.len() > 0 {
		aside := t.tally.aside
		done, err := t.decode(q)
		if err != nil {
			return err
		}
		if done {
			t.tally.unread += t.tally.aside - aside
			q.done()
			t.dirty = true
		}
	}
	return nil
}

// decode reads the head; done says that it needs no processing.
func (t *Task) decode(q *queue) (done bool, err error) {
	t.look(q)
	if q.source.Repartition {
		if topology.IsWatermark(t.current.Value) {
			return true, t.watermark(q)
		}
		at, payload, err := topology.ParseFrame(t.current.Value)
		if err != nil {
			return true, t.undecodable(q, err)
		}
		t.current.Time, t.current.Value = at, payload
	}
	at, timed, err := q.input.Decode(&t.current)
	switch {
	case err != nil:
		return true, t.undecodable(q, err)
	case timed && q.source.Timed && at > t.current.Appended+t.cfg.MaxAhead:
		t.DeadLetter(ReasonFuture, fmt.Errorf("event time %d is more than %d ms after the append time %d", at, t.cfg.MaxAhead, t.current.Appended))
		return true, nil
	case timed && q.source.Timed && at < earliest:
		t.DeadLetter(ReasonPast, fmt.Errorf("event time %d is before 2000-01-01", at))
		return true, nil
	}
	q.ready, q.time, q.timed = true, at, timed
	return false, nil
}

// look makes the head of a queue the current record.
func (t *Task) look(q *queue) {
	r := &q.records[q.head]
	t.shown = q
	t.current = topology.Source{
		Topic: q.source.Topic, Partition: t.cfg.ID.Partition, Offset: r.Offset,
		Appended: r.Appended, Time: r.Appended, Key: r.Key, Value: r.Value, Headers: r.Headers,
	}
}

// step processes the decoded head of a queue.
func (t *Task) step(q *queue) error {
	if t.shown != q { // another queue was looked at since, or a flush was between
		t.look(q)
		if q.source.Repartition {
			t.current.Time, t.current.Value, _ = topology.ParseFrame(t.current.Value)
		}
	}
	t.dirty = true
	if q.timed && q.source.Timed && q.time > q.greatest {
		q.greatest = q.time
		t.stepping = false // what a timer does is no fault of the record that sets it off
		if err := t.advanceStream(); err != nil {
			return err
		}
	}
	t.stepping = true
	if t.condemned == nil || !t.setAside() {
		if t.trace != nil {
			t.trace.Begin()
		}
		if err := q.input.Process(); err != nil {
			return err
		}
	}
	q.done()
	t.shown = nil
	return nil
}
