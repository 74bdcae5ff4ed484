package task

import (
	"fmt"

	"github.com/abacus-stream/abacus/topology"
)

// Reasons of the engine's own dead letters; applications have theirs.
const (
	ReasonUndecodable = "undecodable"
	ReasonFuture      = "ts_future"
	ReasonPast        = "ts_past"
)

// earliest is 2000-01-01T00:00:00Z: an event time before it is a fault of the producer's clock.
const earliest = 946684800000

// Process handles up to limit records, oldest event time first, and says how many it did.
func (t *Task) Process(limit int) (int, error) {
	for n := 0; n < limit; n++ {
		q, err := t.oldest()
		if err != nil || q == nil {
			return n, err
		}
		if err := t.step(q); err != nil {
			return n, fmt.Errorf("task %s: record %s: %w", t.cfg.ID, t.current.String(), err)
		}
	}
	return limit, nil
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
		done, err := t.decode(q)
		if err != nil {
			return err
		}
		if done {
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
			t.DeadLetter(ReasonUndecodable, err)
			return true, nil
		}
		t.current.Time, t.current.Value = at, payload
	}
	at, timed, err := q.input.Decode(&t.current)
	switch {
	case err != nil:
		t.DeadLetter(ReasonUndecodable, err)
		return true, nil
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
		if err := t.advanceStream(); err != nil {
			return err
		}
	}
	if err := q.input.Process(); err != nil {
		return err
	}
	q.done()
	t.shown = nil
	return nil
}
