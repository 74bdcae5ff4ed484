package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/result"
)

// follow visits the total records of the stats topic from its start, as they are committed, until
// ctx ends.
func follow(ctx context.Context, brokers []string, topic string, visit func(*result.Record)) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return fmt.Errorf("follow %s: %w", topic, err)
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
				return nil
			}
			return fmt.Errorf("follow %s: %w", topic, err)
		}
		fetches.EachRecord(func(rec *kgo.Record) {
			var r *result.Record
			if rec.Value != nil && result.Codec.Parse(rec.Value, &r) == nil && r.Grain == result.Total && r.Segment == "" {
				visit(r)
			}
		})
	}
}
