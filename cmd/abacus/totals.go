package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
)

// finalTotals are the last totals of all experiments, by name, each followed by those of its segments.
func finalTotals(ctx context.Context, k *stack) ([]*result.Record, error) {
	last, err := k.logs.Last(ctx, k.prefix+".stats")
	if err != nil {
		return nil, err
	}
	var totals []*result.Record
	for _, rec := range last {
		var r *result.Record
		if err := result.Codec.Parse(rec.Value, &r); err != nil {
			return nil, err
		}
		if r.Grain == result.Total {
			totals = append(totals, r)
		}
	}
	slices.SortFunc(totals, func(a, b *result.Record) int { return cmp.Compare(a.Key(), b.Key()) })
	return totals, nil
}

// finalDecisions are all decisions, in their order.
func finalDecisions(ctx context.Context, k *stack) (all []*decision.Record, err error) {
	topic := topics.Decisions(k.prefix)
	err = k.logs.Read(ctx, topic, func(rec *kgo.Record) {
		if d := decisionOf(rec, topic); d != nil {
			all = append(all, d)
		}
	})
	return all, err
}
