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

// trust is the checkpoint from which a store is to be caught up in its changelog, offset 0 for one that has nothing yet.
// Errors: errUntrusted for a store that does not go together with the log, whose end is given.
func (a *App) trust(ctx context.Context, store state.Store, def topology.Store, at place, end int64) (from state.Checkpoint, err error) {
	from, kept, err := store.Checkpoint()
	if err != nil {
		return from, err
	}
	if !kept {
		return state.Checkpoint{Changelog: a.topics.ids[at.topic], AsOf: time.Now().UnixMilli()}, nil
	}
	lacks := end - from.ChangelogOffset
	switch {
	case from.Changelog != a.topics.ids[at.topic]:
		err = fmt.Errorf("%w: it is of another topic %s than the present one", errUntrusted, at.topic)
	case lacks < 0:
		err = fmt.Errorf("%w: contains %s up to %d, the log ends at %d", errUntrusted, at.topic, from.ChangelogOffset, end)
	case def.Retention > 0:
		from.ChangelogOffset, err = a.retained(ctx, def, at, from.ChangelogOffset)
	case from.ChangelogOffset > 0 && lacks > a.marker(def):
		err = a.fresh(ctx, def, at, from, end)
	}
	return from, err
}

// marker is how many offsets behind the rows of a commit have none: that of the marker of its transaction.
func (a *App) marker(def topology.Store) int64 {
	if a.cfg.Guarantee == ExactlyOnce && def.SourceTopic == "" {
		return 1
	}
	return 0
}

// fresh fails for a store that is behind deletions that may be gone from the log: what they deleted would come to life
// again. A broker keeps a deletion for tombstones after it has removed the row, so rows that were there lately are safe,
// whatever the timestamps behind them. Those of a table may not have been, when it was far behind its source.
func (a *App) fresh(ctx context.Context, def topology.Store, at place, from state.Checkpoint, end int64) error {
	least := time.Now().Add(-trusted).UnixMilli()
	if from.AsOf >= least && (def.SourceTopic == "" || !a.topics.byAppend[at.topic]) {
		return nil
	}
	young, err := a.offset(ctx, at, least)
	if young < 0 {
		young = end
	}
	if err == nil && from.ChangelogOffset < min(young, end) {
		err = fmt.Errorf("%w: contains %s up to %d; what follows is older than %s", errUntrusted, at.topic, from.ChangelogOffset, trusted)
	}
	return err
}

// retained is where a store goes on whose changelog deletes records by their age. It has no deletions that could be gone,
// and what it has lost, the store keeps: the log could not give it back.
func (a *App) retained(ctx context.Context, def topology.Store, at place, next int64) (int64, error) {
	start, err := a.logStart(ctx, at)
	if err != nil || start <= next {
		return next, err
	}
	if lost := start - next - a.marker(def); next > 0 && lost > 0 {
		a.log.Error("a changelog has deleted rows that the local state lacks: the app was down for longer than ChangelogSlack allows",
			zap.String("topic", at.topic), zap.Int32("partition", at.partition), zap.Int64("offset", next), zap.Int64("offsets", lost))
	}
	return start, nil
}
