package metrics

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
)

// listEvery is how often the ends of the source topics are asked for.
const listEvery = 2 * time.Second

// Follow keeps the ends of the topics that the tasks read until ctx ends, for their lag. It does so with a client of its
// own: what a worker has fetched tells nothing of a worker that is stuck.
func (m *Metrics) Follow(ctx context.Context, log *zap.Logger, opts ...kgo.Opt) {
	client, err := kgo.NewClient(opts...)
	if err != nil {
		log.Warn("no metrics of consumer lag", zap.Error(err))
		return
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	tick := time.NewTicker(listEvery)
	defer tick.Stop()
	for {
		m.list(ctx, admin)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// list asks once. Without an answer the lag is not shown: an old one would look well.
func (m *Metrics) list(ctx context.Context, admin *kadm.Client) {
	topics := m.topics()
	if len(topics) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, listEvery)
	defer cancel()
	ends := map[partition]int64{}
	listed, _ := admin.ListCommittedOffsets(ctx, topics...)
	listed.Each(func(o kadm.ListedOffset) {
		if o.Err == nil {
			ends[partition{o.Topic, o.Partition}] = o.Offset
		}
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.ends = ends
}

// topics are those that tasks of this process read.
func (m *Metrics) topics() (names []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := map[string]bool{}
	for _, r := range m.mu.reports {
		for _, t := range r.Running {
			for _, in := range t.Inputs {
				if !seen[in.Topic] {
					seen[in.Topic] = true
					names = append(names, in.Topic)
				}
			}
		}
	}
	return names
}
