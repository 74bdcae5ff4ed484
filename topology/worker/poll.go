package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// poll waits for records, no longer than the next thing is due, and queues them with their tasks.
func (w *worker) poll(ctx context.Context) error {
	poll := w.wake.arm(ctx, w.pace.patience(w, time.Now()))
	fetches := w.client.PollRecords(poll, w.app.cfg.PollRecords)
	woken := w.wake.disarm(poll)
	if err := fetchError(fetches); err != nil {
		return err
	}
	if n := fetches.NumRecords(); n > 0 || !woken { // one that was woken has not seen what there is
		w.pace.drained = n < w.app.cfg.PollRecords
	}
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if s := w.slots[place{p.Topic, p.Partition}]; s != nil && len(p.Records) > 0 {
			w.queue(s, p.Records)
		}
	})
	return nil
}

// fetchError is the first error of a poll that waiting does not cure.
func fetchError(fetches kgo.Fetches) error {
	for _, e := range fetches.Errors() {
		if errors.Is(e.Err, context.Canceled) || errors.Is(e.Err, context.DeadlineExceeded) {
			continue
		}
		return fmt.Errorf("poll %s/%d: %w", e.Topic, e.Partition, e.Err)
	}
	return nil
}

// queue hands records to a task. A control record has no content, but it moves the position.
func (w *worker) queue(s *slot, records []*kgo.Record) {
	last := records[len(records)-1]
	w.quiet.reach(place{last.Topic, last.Partition}, last.Offset+1)
	next := s.run.task.Next(s.source)
	for len(records) > 0 && records[0].Offset < next {
		records = records[1:] // the state is further than the group's offset
	}
	n := 0
	for _, r := range records {
		if !r.Attrs.IsControl() {
			n++
		}
	}
	if n > 0 {
		fill(s.run.task.Grow(s.source, n), records)
	}
}

// fill writes the records that are not control records to the tail of a queue.
func fill(room []task.Record, records []*kgo.Record) {
	i := 0
	for _, r := range records {
		if !r.Attrs.IsControl() {
			room[i] = task.Record{Offset: r.Offset, Appended: r.Timestamp.UnixMilli(), Key: r.Key, Value: r.Value, Headers: headers(r.Headers)}
			i++
		}
	}
}

func headers(in []kgo.RecordHeader) []topology.Header {
	if len(in) == 0 {
		return nil
	}
	out := make([]topology.Header, len(in))
	for i, h := range in {
		out[i] = topology.Header{Key: h.Key, Value: h.Value}
	}
	return out
}
