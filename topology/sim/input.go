package sim

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology"
)

// produce writes the input until the run's duration is over.
func (w *world) produce() {
	rng := rand.New(rand.NewPCG(w.cfg.Seed, 2))
	for time.Since(w.began) < w.cfg.Duration {
		var records []*kgo.Record
		for _, r := range w.cfg.Input(rng, time.Now()) {
			records = append(records, &kgo.Record{Topic: r.Topic, Key: r.Key, Value: r.Value})
		}
		if err := w.client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
			w.anomaly("the producer of the input fails: %v", err)
		}
		w.report.Records += len(records)
		if !w.wait(w.cfg.Tick) {
			return
		}
	}
}

// byKey partitions as topology does.
func byKey() kgo.Partitioner {
	return kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
		return func(r *kgo.Record, n int) int { return int(topology.PartitionOf(r.Key, n)) }
	})
}
