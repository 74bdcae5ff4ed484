package worker

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// tombstones is how long the changelogs keep deletions, trusted how far back a restore relies on it.
const tombstones, trusted = 24 * time.Hour, 20 * time.Hour

// trust is the offset from which a store is to be caught up in its changelog, 0 for one that has nothing yet. Errors:
// errUntrusted for a store that does not go together with the log, whose end is given.
func (a *App) trust(ctx context.Context, store state.Store, def topology.Store, at place, end int64) (next int64, err error) {
	checkpoint, kept, err := store.Checkpoint()
	if err != nil {
		return 0, err
	}
	next = checkpoint.ChangelogOffset
	switch {
	case kept && checkpoint.Changelog != a.topics.ids[at.topic]:
		return 0, fmt.Errorf("%w: it is of another topic %s than the present one", errUntrusted, at.topic)
	case next > end:
		return 0, fmt.Errorf("%w: contains %s up to %d, the log ends at %d", errUntrusted, at.topic, next, end)
	case next == 0 || next == end:
		return next, nil
	case def.Retention > 0:
		return a.retained(ctx, at, next)
	}
	if err := a.fresh(ctx, at, next, end); err != nil {
		return 0, err
	}
	return next, nil
}

// fresh fails for a store that is behind records so old that deletions among them may be gone from
// the log: what they deleted would come to life again.
func (a *App) fresh(ctx context.Context, at place, next, end int64) error {
	kept, err := a.admin.ListOffsetsAfterMilli(ctx, time.Now().Add(-trusted).UnixMilli(), at.topic)
	if err != nil {
		return err
	}
	from, err := offsetOf(kept, at.topic, at.partition)
	if err == nil && next < min(from, end) {
		err = fmt.Errorf("%w: contains %s up to %d; what follows is older than %s", errUntrusted, at.topic, next, trusted)
	}
	return err
}

// retained is where a store goes on whose changelog deletes records by their age. It has no deletions that could be gone,
// and what it has lost, the store keeps: the log could not give it back.
func (a *App) retained(ctx context.Context, at place, next int64) (int64, error) {
	start, err := a.logStart(ctx, at.topic, at.partition)
	if err != nil || start <= next {
		return next, err
	}
	if a.cfg.Guarantee == ExactlyOnce && start == next+1 {
		return start, nil // the marker of the last transaction
	}
	a.log.Error("a changelog has deleted rows that the local state lacks: the app was down for longer than ChangelogSlack allows",
		zap.String("topic", at.topic), zap.Int32("partition", at.partition), zap.Int64("offset", next), zap.Int64("offsets", start-next))
	return start, nil
}
