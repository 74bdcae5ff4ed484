package worker

import (
	"context"
	"strconv"

	"go.uber.org/zap"
)

// A topic whose limit is not known takes as much as the client's default; one that takes more than
// most is still written in batches of most.
const limitUnknown, limitLeast, limitMost = 1_000_012, 512, 32 << 20

// limits asks how large a batch of records each topic takes that the app writes. A cluster that does
// not tell is worked with all the same.
func (a *App) limits(ctx context.Context) map[string]int32 {
	configs, err := a.admin.DescribeTopicConfigs(ctx, a.written()...)
	if err != nil {
		a.log.Warn("limits of topics are not known", zap.Error(err))
	}
	found := map[string]int32{}
	for _, topic := range configs {
		for _, c := range topic.Configs {
			if n, err := strconv.Atoi(c.MaybeValue()); err == nil && c.Key == "max.message.bytes" {
				found[topic.Name] = int32(min(max(n, limitLeast), limitMost))
			}
		}
	}
	return found
}

// written are the topics that the app writes.
func (a *App) written() []string {
	topics := []string{a.cfg.DeadLetters, a.cfg.Lates}
	for _, sub := range a.topo.Subs {
		for _, sink := range sub.Sinks {
			topics = append(topics, sink.Topic)
		}
		for _, def := range sub.Stores {
			if def.SourceTopic == "" {
				topics = append(topics, sub.Changelog(def))
			}
		}
	}
	return topics
}

// limit is the largest batch that a topic takes, in bytes before compression.
func (t *topics) limit(topic string) int32 {
	if n, ok := t.limits[topic]; ok {
		return n
	}
	return limitUnknown
}
