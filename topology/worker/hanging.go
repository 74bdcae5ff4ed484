package worker

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"go.uber.org/zap"
)

// givenUp is a transaction that a session wrote into and never asked to commit.
type givenUp struct {
	producer int64
	epoch    int16 // each transaction has its own
	places   kadm.TopicsSet
}

// endForgotten aborts what is left of the transaction that the session before gave up. To have been given
// a producer id means that the coordinator has ended it; one that was stopped politely while the
// transaction began may have forgotten it, as seen on Kafka 4.3.1, and writes no marker then.
//
// Without it nobody reads past its records, and the next commit of this producer would commit them too.
func (w *worker) endForgotten(ctx context.Context) error {
	if w.left == nil {
		return nil
	}
	open, err := w.app.admin.DescribeProducers(ctx, w.left.places)
	if err != nil && !isOneOf(err, refusals) { // who may not look at a topic goes without
		return fmt.Errorf("transaction of the session before: %w", err)
	}
	for _, p := range open.SortedProducers() {
		if p.ProducerID != w.left.producer || p.ProducerEpoch != w.left.epoch || p.CurrentTxnStartOffset < 0 {
			continue
		}
		if err := w.app.abort(ctx, p); err != nil {
			return err
		}
		w.log.Warn("aborted a transaction that its coordinator had forgotten",
			zap.String("topic", p.Topic), zap.Int32("partition", p.Partition), zap.Int64("offset", p.CurrentTxnStartOffset))
	}
	w.left = nil
	return nil
}

// abort writes the marker that a coordinator owes.
func (a *App) abort(ctx context.Context, p kadm.DescribedProducer) error {
	set := kadm.TopicsSet{}
	set.Add(p.Topic, p.Partition)
	written, err := a.admin.WriteTxnMarkers(ctx, kadm.TxnMarkers{
		ProducerID: p.ProducerID, ProducerEpoch: p.ProducerEpoch, CoordinatorEpoch: max(p.CoordinatorEpoch, 0), Topics: set,
	})
	for _, r := range written.SortedPartitions() {
		if err == nil {
			err = r.Err
		}
	}
	if err != nil {
		return fmt.Errorf("abort marker of producer %d in %s/%d: %w", p.ProducerID, p.Topic, p.Partition, err)
	}
	return nil
}

// hangsAfter is how long a replay may stand still: longer than a transaction may last.
const hangsAfter = transactionTimeout + 2*time.Second

// stall tells of a replay that does not come further.
type stall struct {
	at    int64
	since time.Time
}

// look warns, each time the position has stood still for so long.
func (s *stall) look(log *zap.Logger, in *reader, now time.Time) {
	if in.next != s.at || s.since.IsZero() {
		s.at, s.since = in.next, now
	} else if now.Sub(s.since) > hangsAfter {
		s.since = now
		log.Error("a restore waits for a transaction that nobody ends; kafka-transactions.sh find-hanging names it and abort ends it",
			zap.String("topic", in.topic), zap.Int32("partition", in.partition), zap.Int64("offset", in.next))
	}
}
