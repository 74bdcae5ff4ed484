package worker

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"go.uber.org/zap"
)

// pressureEvery is how often the repartition topics are looked at.
const pressureEvery = time.Second

// pressure holds the sources back that feed a repartition topic which is read too slowly, in whatever process its
// readers are: what waits for them would otherwise grow for as long as they are slower. It lets go at half the bound.
func (a *App) pressure(ctx context.Context) error {
	topics := a.repartitions()
	if len(topics) == 0 || a.cfg.RepartitionLag < 0 {
		return nil
	}
	for pause(ctx, pressureEvery) == nil {
		lags, err := a.lags(ctx, topics)
		if err != nil {
			if ctx.Err() == nil {
				a.log.Warn("lag of repartition topics is unknown", zap.Error(err))
			}
			continue
		}
		for _, topic := range topics {
			a.press(topic, lags[topic])
		}
	}
	return nil
}

// press takes in how far the readers of a repartition topic are behind, in records of its slowest partition.
func (a *App) press(topic string, lag int64) {
	full := a.sources.isFull(topic)
	switch {
	case !full && lag > a.cfg.RepartitionLag:
		a.log.Info("sources wait for the readers of a repartition topic", zap.String("topic", topic), zap.Int64("lag", lag), zap.Int64("bound", a.cfg.RepartitionLag))
	case full && lag <= a.cfg.RepartitionLag/2:
		a.log.Info("sources go on", zap.String("topic", topic), zap.Int64("lag", lag))
	default:
		return
	}
	a.sources.setFull(topic, !full, a.feeding(topic))
}

// repartitions are the repartition topics of the app.
func (a *App) repartitions() (topics []string) {
	for _, sub := range a.topo.Subs {
		for _, src := range sub.Sources {
			if src.Repartition {
				topics = append(topics, src.Topic)
			}
		}
	}
	return topics
}

// feeding are the source topics of what writes a repartition topic.
func (a *App) feeding(repartition string) (topics []string) {
	for _, sub := range a.topo.Subs {
		for _, sink := range sub.Sinks {
			if sink.Topic != repartition {
				continue
			}
			for _, src := range sub.Sources {
				if src.Topic != repartition { // it may write its own input: that must drain
					topics = append(topics, src.Topic)
				}
			}
			break
		}
	}
	return topics
}

// lags is how many offsets the group is behind in the slowest partition of each topic.
func (a *App) lags(ctx context.Context, topics []string) (map[string]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*pressureEvery)
	defer cancel()
	// In this order: what is committed in between makes the lag larger than it is, never negative.
	committed, err := a.admin.FetchOffsetsForTopics(ctx, a.topo.App, topics...)
	if err != nil {
		return nil, err
	}
	ends, err := a.admin.ListEndOffsets(ctx, topics...)
	if err != nil {
		return nil, err
	}
	starts, err := a.admin.ListStartOffsets(ctx, topics...)
	if err != nil {
		return nil, err
	}
	lags := map[string]int64{}
	ends.Each(func(end kadm.ListedOffset) {
		from := int64(0)
		if start, ok := starts.Lookup(end.Topic, end.Partition); ok {
			from = start.Offset
		}
		if o, ok := committed.Lookup(end.Topic, end.Partition); ok {
			from = max(from, o.At)
		}
		lags[end.Topic] = max(lags[end.Topic], end.Offset-from)
	})
	return lags, nil
}
