package worker

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
)

// reader reads one partition by raw fetches: its position is visible behind control records and
// aborted batches, which a poll does not show.
type reader struct {
	app       *App
	client    *kgo.Client // for the fetches; nil: that of the app, which restores share
	topic     string
	partition int32
	next      int64 // position
	wait      time.Duration
	turns     turns         // shared with other readers; nil: it waits for none
	again     []kgo.Pool    // the memory of its turn
	patience  time.Duration // for fetches that fail; 0: for ever
	leader    int32         // that answered last
	led       bool          // whether it is known
	admits    admission     // of its records into the store that they are for
}

// patience is how long the fetches of a restore may fail by what passes: longer than it takes to elect a leader.
const patience = 10 * time.Second

// fetchesAtOnce bounds the memory of restores: each fetch may be of 8 MiB, more once it is decompressed, and an app that
// starts restores all of its tasks at once.
const fetchesAtOnce = 8

// turns are taken for a fetch and the visit of its records, and given back with the memory of these.
type turns chan *spare

func newTurns() turns {
	t := make(turns, fetchesAtOnce)
	for range fetchesAtOnce {
		t <- &spare{}
	}
	return t
}

// reader reads a changelog for a restore.
func (a *App) reader(at place, next int64) *reader {
	return &reader{app: a, topic: at.topic, partition: at.partition, next: next, wait: 100 * time.Millisecond, turns: a.turns, patience: patience}
}

// upTo hands over the committed records from the position on until that is at the end, behind records or not: what lies
// last may be a control record. It waits for an open transaction, and says so. Visit may recycle the records.
func (r *reader) upTo(ctx context.Context, log *zap.Logger, end int64, visit func([]*kgo.Record) error) error {
	var stalled stall
	var failing time.Time // since then
	for r.next < end {
		failed, err := r.turn(ctx, visit)
		switch {
		case err != nil:
			return err
		case failed == nil:
			stalled.look(log, r, time.Now())
			failing = time.Time{}
			continue
		case failing.IsZero():
			failing = time.Now()
		}
		if !passes(failed) || r.patience > 0 && time.Since(failing) > r.patience {
			return failed
		}
		log.Warn("a fetch failed, trying again", zap.String("topic", r.topic), zap.Int32("partition", r.partition), zap.Error(failed))
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// turn is one fetch, which may have failed, and the visit of its records.
func (r *reader) turn(ctx context.Context, visit func([]*kgo.Record) error) (failed, err error) {
	if r.turns != nil {
		select {
		case memory := <-r.turns:
			r.again = []kgo.Pool{memory}
			defer func() { r.turns <- memory }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	records, failed := r.fetch(ctx)
	if failed != nil {
		return failed, nil
	}
	return nil, visit(records)
}

// passes says that the next try may do: a leader has moved, a connection broke.
func passes(err error) bool { return kerr.IsRetriable(err) || kgo.IsRetryableBrokerErr(err) }

// fetch gives the committed records at the position and moves it. No record and no error means
// that nothing committed is there yet, or that only control records were.
func (r *reader) fetch(ctx context.Context) ([]*kgo.Record, error) {
	if err := r.find(ctx); err != nil {
		return nil, err
	}
	records, err := r.fetchFrom(ctx, r.leader)
	if err != nil {
		r.led = false
		return nil, fmt.Errorf("fetch %s/%d at %d: %w", r.topic, r.partition, r.next, err)
	}
	return records, nil
}

func (r *reader) fetchFrom(ctx context.Context, leader int32) ([]*kgo.Record, error) {
	kresp, err := r.via().Broker(int(leader)).Request(ctx, r.request())
	if err != nil {
		return nil, err
	}
	resp := kresp.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return nil, err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return nil, nil
	}
	fp, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		Topic: r.topic, Partition: r.partition, Offset: r.next, IsolationLevel: kgo.ReadCommitted(), Pools: r.again,
	}, &resp.Topics[0].Partitions[0], kgo.DefaultDecompressor(r.again...), nil)
	if fp.Err != nil {
		return nil, fp.Err
	}
	r.next = max(r.next, next)
	return fp.Records, nil
}

func (r *reader) via() *kgo.Client {
	if r.client == nil {
		return r.app.client
	}
	return r.client
}

func (r *reader) request() *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis = int32(r.wait.Milliseconds())
	req.MinBytes, req.MaxBytes, req.IsolationLevel = 1, 50<<20, 1
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = r.topic, r.app.topics.ids[r.topic]
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = r.partition, r.next, 8<<20
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	return req
}

// find looks up the broker that serves the partition, unless the last fetch has found it there.
func (r *reader) find(ctx context.Context) error {
	if r.led {
		return nil
	}
	details, err := r.app.admin.ListTopics(ctx, r.topic)
	if err != nil {
		return fmt.Errorf("leader of %s/%d: %w", r.topic, r.partition, err)
	}
	p, ok := details[r.topic].Partitions[r.partition]
	if !ok || p.Leader < 0 {
		return fmt.Errorf("leader of %s/%d: %w", r.topic, r.partition, kerr.LeaderNotAvailable)
	}
	r.leader, r.led = p.Leader, true
	return nil
}
