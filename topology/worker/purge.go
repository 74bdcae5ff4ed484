package worker

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"go.uber.org/zap"
)

// purgeEvery is how often consumed repartition records are deleted.
const purgeEvery = 30 * time.Second

// purge deletes what lies before the committed offsets of repartition topics: their retention is
// without time limit, so that a reader that is away loses nothing.
func (a *App) purge(ctx context.Context) error {
	for pause(ctx, purgeEvery) == nil {
		if err := a.purgeOnce(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("repartition topics could not be purged", zap.Error(err))
		}
	}
	return nil
}

func (a *App) purgeOnce(ctx context.Context) error {
	committed, err := a.admin.FetchOffsets(ctx, a.topo.App)
	if err != nil {
		return err
	}
	var consumed kadm.Offsets
	for _, sub := range a.topo.Subs {
		for _, src := range sub.Sources {
			for p := range a.topics.partitions[src.Topic] {
				if o, ok := committed.Lookup(src.Topic, int32(p)); ok && src.Repartition && o.At > 0 {
					consumed.AddOffset(src.Topic, int32(p), o.At, -1)
				}
			}
		}
	}
	if len(consumed) == 0 {
		return nil
	}
	_, err = a.admin.DeleteRecords(ctx, consumed)
	return err
}
