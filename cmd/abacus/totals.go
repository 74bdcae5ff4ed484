package main

import (
	"cmp"
	"context"
	"slices"

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
