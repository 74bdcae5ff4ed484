package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
	"github.com/abacus-stream/abacus/codecs/result"
)

// Settled waits until everything produced so far is processed, closed and mirrored: the groups
// have no lag, and every last record of the experiments named is closed. progress is told what is left.
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

// lag is how many records of the app's topics are not yet processed.
func (e *Engine) lag(ctx context.Context, r *logs.Reader) (lag int64, err error) {
	groups := map[string][]string{e.Prefix: {e.Prefix + ".events", e.Prefix + "-unit-repartition", e.Prefix + "-deltas-repartition"}}
	if e.Redis != nil {
		groups[e.Prefix+"-mirror"] = []string{e.Prefix + ".stats"}
	}
	for group, topics := range groups {
		for _, topic := range topics {
			n, err := r.Behind(ctx, group, topic)
			if err != nil {
				return 0, err
			}
			lag += n
		}
	}
	return lag, nil
}

// open is how many of the experiments have no total yet, or a record that is not closed.
func (e *Engine) open(ctx context.Context, r *logs.Reader, experiments []string) (int, error) {
	last, err := r.Last(ctx, e.Prefix+".stats")
	if err != nil {
		return 0, err
	}
	closed := map[string]bool{}
	for key, rec := range last {
		var record *result.Record
		if err := result.Codec.Parse(rec.Value, &record); err != nil {
			return 0, fmt.Errorf("stats record %q: %w", key, err)
		}
		before, seen := closed[record.Experiment]
		closed[record.Experiment] = record.Closed && (before || !seen)
	}
	open := 0
	for _, name := range experiments {
		if !closed[name] {
			open++
		}
	}
	return open, nil
}
