package logs

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Lag is how far a group is in one partition.
type Lag struct {
	Partition int32 `json:"partition"`
	Committed int64 `json:"committed"` // -1: nothing yet
	End       int64 `json:"end"`       // of what is committed by producers
	Behind    int64 `json:"behind"`    // records, as Behind counts them
}

// near is the distance below which Lags counts records one by one.
const near = 1000

// Behind is how many committed records of a topic a group has not processed; 1 of a topic that is not there yet.
func (r *Reader) Behind(ctx context.Context, group, topic string) (behind int64, err error) {
	lags, err := r.Lags(ctx, group, topic)
	if kerr.IsRetriable(err) { // not created yet, or its leader is changing
		return 1, nil
	}
	for _, l := range lags {
		behind += l.Behind
	}
	return behind, err
}

// Lags is how far a group is in each partition of a topic, in their order. Offsets of control records are not counted where
// few are left: no reader of records can be at the very end.
func (r *Reader) Lags(ctx context.Context, group, topic string) ([]Lag, error) {
	ends, err := r.admin.ListCommittedOffsets(ctx, topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("lag of %s on %s: %w", group, topic, err)
	}
	committed, err := r.admin.FetchOffsets(ctx, group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) { // it is yet to come
		return nil, fmt.Errorf("lag of %s on %s: %w", group, topic, err)
	}
	lags, left := make([]Lag, len(ends[topic])), int64(0)
	from := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		l := Lag{Partition: o.Partition, Committed: -1, End: o.Offset}
		if c, ok := committed.Lookup(topic, o.Partition); ok {
			l.Committed = c.At
		}
		from[o.Partition] = max(l.Committed, 0)
		l.Behind = o.Offset - from[o.Partition]
		left += l.Behind
		lags[o.Partition] = l
	})
	if left > near {
		return lags, nil
	}
	for i := range lags {
		lags[i].Behind = 0
	}
	return lags, r.readRange(ctx, topic, from, ends, func(rec *kgo.Record) { lags[rec.Partition].Behind++ })
}
