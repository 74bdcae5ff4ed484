package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
)

// follower visits totals and decisions as they are committed, until its context ends: first the last total of each experiment that
// is there at the start, by name. Decisions are all visited, in their order.
type follower struct {
	prefix   string
	visit    func(*result.Record)
	decided  func(*decision.Record)
	segments bool   // visit the totals of segments too
	live     func() // called once, when what was there has been visited; may be nil

	behind map[place]int64           // partitions with records of before the start, to where they end
	last   map[string]*result.Record // by key of the topic
}

// place is a partition of a topic.
type place struct {
	topic     string
	partition int32
}

func (f *follower) topics() []string {
	return []string{topics.Stats(f.prefix), topics.Decisions(f.prefix)}
}

func (f *follower) run(ctx context.Context, brokers []string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(f.topics()...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())
	if err != nil {
		return fmt.Errorf("follow %v: %w", f.topics(), err)
	}
	defer client.Close()
	if err := f.measure(ctx, kadm.NewClient(client)); err != nil {
		return over(ctx, fmt.Errorf("follow %v: %w", f.topics(), err))
	}
	f.catchUp()
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		for _, fault := range fetches.Errors() {
			if !passing(fault.Err) {
				return over(ctx, fmt.Errorf("follow %s: %w", fault.Topic, fault.Err))
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
	f.behind, f.last = map[place]int64{}, map[string]*result.Record{}
	ends, err := admin.ListCommittedOffsets(ctx, f.topics()...)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return err
	}
	starts, err := admin.ListStartOffsets(ctx, f.topics()...)
	if err != nil {
		return err
	}
	ends.Each(func(o kadm.ListedOffset) {
		if start, ok := starts.Lookup(o.Topic, o.Partition); ok && start.Offset < o.Offset {
			f.behind[place{o.Topic, o.Partition}] = o.Offset
		}
	})
	return nil
}

// take visits a record, or keeps it as long as not all of what was there has been read.
func (f *follower) take(rec *kgo.Record) {
	if d := decisionOf(rec, topics.Decisions(f.prefix)); d != nil {
		f.decided(d)
	} else if r := totalOf(rec); r != nil && (f.segments || r.Segment == "") {
		if f.last == nil {
			f.visit(r)
		} else {
			f.last[r.Key()] = r
		}
	}
	at := place{rec.Topic, rec.Partition}
	if end, ok := f.behind[at]; ok && rec.Offset+1 >= end {
		delete(f.behind, at)
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

// decisionOf is the decision that a record of the topic of decisions holds, nil for any other record.
func decisionOf(rec *kgo.Record, topic string) (d *decision.Record) {
	if rec.Topic != topic || rec.Attrs.IsControl() || rec.Value == nil || decision.Codec.Parse(rec.Value, &d) != nil {
		return nil
	}
	return d
}

// totalOf is the total of an experiment or of a segment that a record holds, nil for any other record.
func totalOf(rec *kgo.Record) (r *result.Record) {
	if rec.Attrs.IsControl() || rec.Value == nil || result.Codec.Parse(rec.Value, &r) != nil {
		return nil
	}
	if r.Grain != result.Total {
		return nil
	}
	return r
}
