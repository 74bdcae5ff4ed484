package worker

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/topology/task"
)

// Step is one of the five steps of a commit.
type Step int

// The steps of a commit, in order.
const (
	Flushed  Step = 1 + iota // outputs, changelog rows and positions are in the outbox
	Produced                 // the broker has acknowledged all of them, in an open transaction
	Offered                  // the processed offsets are part of the transaction
	Ended                    // EndTxn is acknowledged: the transaction is committed
	Applied                  // the tables know their rows as committed
)

func (w *worker) commitIfDue(ctx context.Context) error {
	now := time.Now()
	if w.pace.due(w, now) && !w.joins(now) {
		if err := w.commit(ctx); err != nil {
			return err
		}
	}
	return w.checkpointIfDue(now)
}

// joins says that a commit had better wait for the join under way: it would end the session if the
// group's generation changed in the midst of it.
func (w *worker) joins(now time.Time) bool {
	return now.Sub(w.balancer.joining()) < joinPatience && w.bytes() < w.app.cfg.CommitBytes
}

// commit makes everything processed since the last commit true at once, or nothing of it.
//
// Any error ends the session: its memory is dropped, and the next one reads what became of the
// transaction from the broker. Only an acknowledged EndTxn is a commit.
func (w *worker) commit(ctx context.Context) error {
	began, t := time.Now(), w.txn
	touched, err := w.flush()
	if err = w.done(Flushed, err); err != nil {
		return err
	}
	// A flush takes the time that the topology takes: the broker's begins with the first record.
	ctx, cancel := context.WithTimeout(ctx, commitLimit)
	defer cancel()
	if err := w.done(Produced, t.produce(ctx, touched)); err != nil {
		return err
	}
	if err := w.done(Offered, t.offer(ctx, touched)); err != nil {
		return err
	}
	if err := w.done(Ended, t.end(ctx)); err != nil {
		return err
	}
	// Invariant (log first): the engine is written by checkpoints, of rows that went through here,
	// so local state is never ahead of the log and a crash needs no wipe.
	t.apply(touched)
	if err := w.done(Applied, nil); err != nil {
		return err
	}
	return w.finish(touched, began)
}

// done tells the hook of a step that went well; the hook may fail in its stead.
func (w *worker) done(step Step, err error) error {
	if hook := w.app.cfg.Hooks.Step; hook != nil && err == nil {
		return hook(w.n, step)
	}
	return err
}

// flush is step 1: every touched task puts its outputs, dirty rows and position into the outbox.
func (w *worker) flush() (touched []*running, err error) {
	for _, r := range w.running {
		if !r.task.Dirty() {
			continue
		}
		if err := r.task.Flush(); err != nil {
			return nil, failedAt(r.task.Task(), "flush", err)
		}
		touched = append(touched, r)
	}
	return touched, nil
}

// transaction is the open transaction of a worker; its slices are kept from commit to commit.
type transaction struct {
	w       *worker
	records []kgo.Record
	entries []*task.Entry // of the records
	letters []kgo.Record  // dead letters of refused ones
	acks    acks
}

// produce is step 2: everything goes out at once and is acknowledged; the first error wins.
func (t *transaction) produce(ctx context.Context, touched []*running) error {
	t.acks.begin()
	if err := t.collect(); err != nil {
		return err
	}
	if t.w.app.cfg.Guarantee == AtLeastOnce {
		return t.produceInTwo(ctx, touched)
	}
	if err := t.w.client.BeginTransaction(); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if err := t.begin(ctx); err != nil {
		return err
	}
	return t.deliver(ctx, t.all)
}

// all are the records of the commit.
func (t *transaction) all(yield func(*kgo.Record) bool) {
	for i := range t.records {
		if !yield(&t.records[i]) {
			return
		}
	}
}

// begin notes the transaction for a session that has to find out how it ended.
func (t *transaction) begin(ctx context.Context) error {
	id, epoch, err := t.w.client.ProducerID(ctx)
	if err != nil {
		return fmt.Errorf("producer id: %w", err)
	}
	t.w.last = &ending{producer: id, epoch: epoch}
	return nil
}

// offer is step 3: the offsets that were processed, never those that were polled, with the group's
// generation (KIP-447), so that a member that was replaced cannot commit.
func (t *transaction) offer(ctx context.Context, touched []*running) error {
	if t.w.app.cfg.Guarantee == AtLeastOnce {
		return t.offerAlone(ctx, touched)
	}
	req, err := t.offsets(ctx, touched)
	if err != nil || len(req.Topics) == 0 {
		return err
	}
	resp, err := req.RequestWith(ctx, t.w.client)
	if err != nil {
		return fmt.Errorf("commit offsets: %w", err)
	}
	for _, topic := range resp.Topics {
		for _, p := range topic.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return fmt.Errorf("commit offset of %s/%d: %w", topic.Topic, p.Partition, err)
			}
		}
	}
	return nil
}

func (t *transaction) offsets(ctx context.Context, touched []*running) (*kmsg.TxnOffsetCommitRequest, error) {
	w := t.w
	if err := w.sameMember(); err != nil {
		return nil, err
	}
	req := kmsg.NewPtrTxnOffsetCommitRequest()
	req.TransactionalID, req.Group, req.InstanceID = w.id, w.app.topo.App, &w.id
	req.MemberID, req.Generation = w.client.GroupMetadata()
	var err error
	if req.ProducerID, req.ProducerEpoch, err = w.client.ProducerID(ctx); err != nil {
		return nil, fmt.Errorf("producer id: %w", err)
	}
	for p := range w.positions(touched) {
		topic := kmsg.NewTxnOffsetCommitRequestTopic()
		topic.Topic, topic.TopicID = p.topic, p.id // version 6 goes by the id
		at := kmsg.NewTxnOffsetCommitRequestTopicPartition()
		at.Partition, at.Offset, at.Metadata = p.partition, p.next, &p.metadata
		topic.Partitions = append(topic.Partitions, at)
		req.Topics = append(req.Topics, topic)
	}
	return req, nil
}

// end is step 4. Each touched task has produced at least its position, so EndTxn is really sent.
func (t *transaction) end(ctx context.Context) error {
	if t.w.app.cfg.Guarantee == AtLeastOnce {
		return nil
	}
	t.w.last.asked = true
	if err := t.w.client.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return fmt.Errorf("end transaction, outcome to be read from the broker: %w", err)
	}
	t.w.last.committed = true
	return nil
}

// apply is step 5: what was flushed is committed, and may go to the engine.
func (t *transaction) apply(touched []*running) {
	for _, r := range touched {
		partition := r.task.Task().Partition
		r.task.Commit(func(store int) int64 {
			if at, ok := t.acks.written(place{r.sub.Changelog(r.sub.Stores[store]), partition}); ok {
				return at.to
			}
			return -1
		})
	}
}

// finish empties the outbox and tells the hooks. The error is the alarm's: the commit is done.
func (w *worker) finish(touched []*running, began time.Time) error {
	now := time.Now()
	records := len(w.txn.records)
	w.txn.tell(&w.app.cfg.Hooks)
	w.outbox.Reset()
	clear(w.txn.records)
	clear(w.txn.entries)
	w.pace.committed(began, now)
	w.failures.committed(touched, now)
	w.shareCache()
	return w.observe(touched, records, now)
}
