package embedded

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
	"github.com/abacus-stream/abacus/codecs/result"
)

// Settled waits until everything produced so far is processed, closed and mirrored: the groups
// have no lag, and the last total of every experiment named is closed. progress is told what is left.
func (e *Engine) Settled(ctx context.Context, r *logs.Reader, experiments []string, progress func(lag int64, open int)) error {
	for {
		lag, err := e.lag(ctx, r)
		if err != nil {
			return err
		}
		open := len(experiments)
		if lag == 0 {
			if open, err = e.open(ctx, r, experiments); err != nil {
				return err
			}
		}
		if progress != nil {
			progress(lag, open)
		}
		if lag == 0 && open == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d records and %d experiments: %w", lag, open, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// lag is how many records of the app's topics are not yet processed. A partition that ends in a
// control record may be one short of its end.
func (e *Engine) lag(ctx context.Context, r *logs.Reader) (lag int64, err error) {
	groups := map[string][]string{e.Prefix: {e.Prefix + ".events", e.Prefix + "-unit-repartition", e.Prefix + "-deltas-repartition"}}
	if e.Redis != nil {
		groups[e.Prefix+"-mirror"] = []string{e.Prefix + ".stats"}
	}
	for group, topics := range groups {
		ends, err := r.Admin().ListCommittedOffsets(ctx, topics...)
		if err != nil {
			return 0, err
		}
		committed, err := r.Admin().FetchOffsets(ctx, group)
		if err != nil {
			return 0, err
		}
		for topic, partitions := range ends {
			slack := int64(1)
			if strings.HasSuffix(topic, ".events") {
				slack = 0
			}
			for p, end := range partitions {
				if end.Err != nil {
					return 1, nil // not created yet
				}
				at := int64(0)
				if o, ok := committed.Lookup(topic, p); ok {
					at = max(o.At, 0)
				}
				if left := end.Offset - at; left > slack {
					lag += left
				}
			}
		}
	}
	return lag, nil
}

// open is how many of the experiments have no closed total yet.
func (e *Engine) open(ctx context.Context, r *logs.Reader, experiments []string) (int, error) {
	closed := map[string]bool{}
	err := r.Read(ctx, e.Prefix+".stats", func(rec *kgo.Record) {
		name, isTotal := strings.CutSuffix(string(rec.Key), "|"+result.Total)
		var total *result.Record
		if isTotal && rec.Value != nil && result.Codec.Parse(rec.Value, &total) == nil {
			closed[name] = total.Closed
		}
	})
	open := 0
	for _, name := range experiments {
		if !closed[name] {
			open++
		}
	}
	return open, err
}
