package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
)

// Settled waits until everything produced so far is processed, closed and mirrored: no group has any lag, every last
// record of the experiments named is closed, and no correction of them is put off. progress is told what is left.
func (e *Engine) Settled(ctx context.Context, r *logs.Reader, experiments []string, progress func(lag int64, open int)) error {
	for {
		lag, open, err := e.left(ctx, r, experiments)
		if err != nil {
			return err
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

// left is how many records are not processed and, once the stages are through, how many experiments are not closed. It
// looks in the order in which records flow: what is found empty stays so, as nothing before it has anything left.
func (e *Engine) left(ctx context.Context, r *logs.Reader, experiments []string) (lag int64, open int, err error) {
	open = len(experiments)
	lag, err = e.lag(ctx, r, e.Prefix, e.Prefix+".events", e.Prefix+"-unit-repartition", e.Prefix+"-deltas-repartition")
	if err != nil || lag > 0 {
		return lag, open, err
	}
	if open, err = e.open(ctx, r, experiments); err != nil || open > 0 || e.Redis == nil {
		return 0, open, err
	}
	lag, err = e.lag(ctx, r, MirrorGroup(e.Prefix), e.Prefix+".stats")
	return lag, 0, err
}

// lag is how many records of topics a group has not processed.
func (e *Engine) lag(ctx context.Context, r *logs.Reader, group string, topics ...string) (lag int64, err error) {
	for _, topic := range topics {
		n, err := r.Behind(ctx, group, topic)
		if err != nil {
			return 0, err
		}
		lag += n
	}
	return lag, nil
}

// open is how many of the experiments have no total yet, a record that is not closed, or a change that is not sent.
func (e *Engine) open(ctx context.Context, r *logs.Reader, experiments []string) (int, error) {
	waiting, err := e.unsent(ctx, r)
	if err != nil {
		return 0, err
	}
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
		if !closed[name] || waiting[name] {
			open++
		}
	}
	return open, nil
}

// unsent is the experiments with a record that is put off: totals are sent each tenth of a second, windows each second.
func (e *Engine) unsent(ctx context.Context, r *logs.Reader) (map[string]bool, error) {
	last, err := r.Last(ctx, e.Prefix+"-"+cells.Store+"-changelog")
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for key, rec := range last {
		if name, unsent := cells.Unsent([]byte(key), rec.Value); unsent {
			names[name] = true
		}
	}
	return names, nil
}
