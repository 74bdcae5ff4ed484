package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/result"
)

// follow visits the totals of the stats topic until ctx ends: the last one of each experiment that is there at the call,
// by name, then each new one as it is committed.
func follow(ctx context.Context, brokers []string, topic string, visit func(*result.Record)) error {
	return (&follower{topic: topic, visit: visit}).run(ctx, brokers)
}

// follower reads the totals of a stats topic.
type follower struct {
	topic string
	visit func(*result.Record)
	live  func() // called once, when what was there has been visited; may be nil

	behind map[int32]int64 // partitions with records of before the call, to where they end
	last   map[string]*result.Record
}

func (f *follower) run(ctx context.Context, brokers []string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(f.topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())
	if err != nil {
		return fmt.Errorf("follow %s: %w", f.topic, err)
	}
	defer client.Close()
	if err := f.measure(ctx, kadm.NewClient(client)); err != nil {
		return over(ctx, fmt.Errorf("follow %s: %w", f.topic, err))
	}
	f.catchUp()
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		for _, fault := range fetches.Errors() {
			if !passing(fault.Err) {
				return over(ctx, fmt.Errorf("follow %s: %w", f.topic, fault.Err))
			}
		}
		fetches.EachRecord(f.take)
	}
	return nil
}

// passing says whether an error of a poll goes away by itself: the client tries again.
func passing(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || kgo.IsRetryableBrokerErr(err)
}

// over drops an error that only says that ctx has ended.
func over(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// measure finds what is there at the call.
func (f *follower) measure(ctx context.Context, admin *kadm.Client) error {
	f.behind, f.last = map[int32]int64{}, map[string]*result.Record{}
	ends, err := admin.ListCommittedOffsets(ctx, f.topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return err
	}
	starts, err := admin.ListStartOffsets(ctx, f.topic)
	if err != nil {
		return err
	}
	ends.Each(func(o kadm.ListedOffset) {
		if start, ok := starts.Lookup(f.topic, o.Partition); ok && start.Offset < o.Offset {
			f.behind[o.Partition] = o.Offset
		}
	})
	return nil
}

// take visits a record, or keeps it as long as not all of what was there has been read.
func (f *follower) take(rec *kgo.Record) {
	if r := totalOf(rec); r != nil {
		if f.last == nil {
			f.visit(r)
		} else {
			f.last[r.Experiment] = r
		}
	}
	if end, ok := f.behind[rec.Partition]; ok && rec.Offset+1 >= end {
		delete(f.behind, rec.Partition)
		f.catchUp()
	}
}

// catchUp goes live once nothing is behind.
func (f *follower) catchUp() {
	if len(f.behind) > 0 || f.last == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(f.last)) {
		f.visit(f.last[name])
	}
	f.last = nil
	if f.live != nil {
		f.live()
	}
}

// totalOf is the total of an experiment that a record holds, nil for any other record.
func totalOf(rec *kgo.Record) (r *result.Record) {
	if rec.Attrs.IsControl() || rec.Value == nil || result.Codec.Parse(rec.Value, &r) != nil {
		return nil
	}
	if r.Grain != result.Total || r.Segment != "" {
		return nil
	}
	return r
}
