package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"go.uber.org/zap"
)

// ending is the last transaction of a transactional id and what became of it. Each transaction has an epoch of its own
// (transaction.version 2).
type ending struct {
	producer  int64
	epoch     int16 // of its records
	asked     bool  // for the commit
	committed bool
	unknown   bool // aborted, and not known at which epoch
}

// lastEnding is what became of the last transaction before a session takes its producer id, which ends it: what the
// session before remembers, or else the coordinator. Nil: there was none, or it may not be asked for.
func (w *worker) lastEnding(ctx context.Context) (*ending, error) {
	if w.last != nil && (w.last.committed || !w.last.asked) {
		return w.last, nil
	}
	told, err := w.told(ctx)
	switch {
	case errors.Is(err, kerr.TransactionalIDNotFound), isOneOf(err, refusals):
		return w.last, nil
	case err != nil:
		return nil, fmt.Errorf("last transaction of %s: %w", w.id, err)
	case w.last != nil: // whose EndTxn was not answered
		last := *w.last
		last.committed = *endingBy(told) == ending{producer: last.producer, epoch: last.epoch, committed: true}
		return &last, nil
	}
	return endingBy(told), nil
}

// told is what the coordinator says of the last transaction, once there is a coordinator: a new cluster makes it when asked.
func (w *worker) told(ctx context.Context) (told kadm.DescribedTransaction, err error) {
	err = untilAnswered(ctx, func() error {
		described, err := w.app.admin.DescribeTransactions(ctx, w.id)
		if told = described[w.id]; err == nil {
			err = told.Err
		}
		return err
	})
	return told, err
}

// endingBy is the last transaction as its coordinator sees it.
func endingBy(told kadm.DescribedTransaction) *ending {
	last := &ending{producer: told.ProducerID, epoch: told.ProducerEpoch}
	switch told.State {
	case "PrepareCommit", "CompleteCommit":
		last.epoch, last.committed = told.ProducerEpoch-1, true // the commit raises it
	case "Ongoing":
	default:
		last.unknown = true
	}
	return last
}

// mend writes the markers that the coordinator owes for transactions of this id. To have been given a producer id means
// that all of them are over. But a broker that is stopped politely drops the markers for partitions that have lost their
// leader by then, as seen on Kafka 4.3.1: nobody reads past their records, not even this worker's restore.
func (w *worker) mend(ctx context.Context, last *ending) error {
	if last == nil {
		return nil
	}
	open, err := w.left(ctx, last.producer)
	if err != nil {
		return err
	}
	for _, p := range open {
		commit, err := last.outcome(p)
		if err != nil {
			return err
		}
		if err := w.app.mark(ctx, p, commit); err != nil {
			return err
		}
		w.log.Warn("ended a transaction that its coordinator had forgotten", zap.String("topic", p.Topic),
			zap.Int32("partition", p.Partition), zap.Int64("offset", p.CurrentTxnStartOffset), zap.Bool("commit", commit))
	}
	return nil
}

// outcome is how a transaction that is still open in a partition ended. Of the transactions of a session all but the last
// were committed, since the session goes on only after that, and what earlier ones left was mended when it opened.
func (e *ending) outcome(p kadm.DescribedProducer) (commit bool, err error) {
	if e.unknown || p.ProducerEpoch > e.epoch {
		return false, fmt.Errorf("%s/%d: the transaction from offset %d on is open, its coordinator has forgotten it, and nobody knows how it ended; "+
			"kafka-transactions.sh abort ends it, after which the app goes on", p.Topic, p.Partition, p.CurrentTxnStartOffset)
	}
	return p.ProducerEpoch < e.epoch || e.committed, nil
}

// left are the partitions with an open transaction of a producer, of all that this app writes and of the group's offsets.
// A partition that does not answer yet is an error: it may have one.
func (w *worker) left(ctx context.Context, producer int64) (open []kadm.DescribedProducer, err error) {
	places := kadm.TopicsSet{}
	for _, topic := range w.app.written() {
		for p := range w.app.topics.partitions[topic] {
			places.Add(topic, int32(p))
		}
	}
	if err := w.app.addOffsetsOf(ctx, places); err != nil {
		return nil, err
	}
	described, err := w.app.admin.DescribeProducers(ctx, places)
	if err != nil && !isOneOf(err, refusals) { // who may not look at a topic goes without
		return nil, fmt.Errorf("open transactions: %w", err)
	}
	for _, topic := range described {
		for _, p := range topic.Partitions {
			if p.Err != nil && !isOneOf(p.Err, refusals) {
				return nil, fmt.Errorf("open transactions of %s/%d: %w", p.Topic, p.Partition, p.Err)
			}
			for _, active := range p.ActiveProducers {
				if active.ProducerID == producer && active.CurrentTxnStartOffset >= 0 {
					open = append(open, active)
				}
			}
		}
	}
	return open, nil
}

// groupOffsets is the broker's own topic of committed offsets, which is part of each transaction.
const groupOffsets = "__consumer_offsets"

// addOffsetsOf adds the partitions of the broker that has the offsets of the group, which is the leader of its partition.
// Those of others are none of the app's concern, and may be without a leader.
func (a *App) addOffsetsOf(ctx context.Context, places kadm.TopicsSet) error {
	listed, err := a.admin.ListTopicsWithInternal(ctx, groupOffsets)
	if err != nil {
		return fmt.Errorf("partitions of %s: %w", groupOffsets, err)
	}
	if len(listed[groupOffsets].Partitions) == 0 {
		return nil // nobody has committed yet
	}
	coordinator := a.admin.FindGroupCoordinators(ctx, a.topo.App)[a.topo.App]
	if coordinator.Err != nil {
		return fmt.Errorf("coordinator of group %s: %w", a.topo.App, coordinator.Err)
	}
	for _, p := range listed[groupOffsets].Partitions {
		if p.Leader == coordinator.NodeID {
			places.Add(groupOffsets, p.Partition)
		}
	}
	return nil
}

// mark writes the marker of a transaction into one partition.
func (a *App) mark(ctx context.Context, p kadm.DescribedProducer, commit bool) error {
	set := kadm.TopicsSet{}
	set.Add(p.Topic, p.Partition)
	written, err := a.admin.WriteTxnMarkers(ctx, kadm.TxnMarkers{
		ProducerID: p.ProducerID, ProducerEpoch: p.ProducerEpoch, Commit: commit, CoordinatorEpoch: max(p.CoordinatorEpoch, 0), Topics: set,
	})
	for _, r := range written.SortedPartitions() {
		if err == nil {
			err = r.Err
		}
	}
	if err != nil {
		return fmt.Errorf("marker of producer %d in %s/%d: %w", p.ProducerID, p.Topic, p.Partition, err)
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
