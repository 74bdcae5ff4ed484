package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology/task"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// oracle runs the topology without Kafka and without a fault on the input as it lies in the log.
func (w *world) oracle(t *testing.T) *topologytest.Driver {
	t.Helper()
	input := w.input()
	driver := topologytest.New(t, w.cfg.build(t), topologytest.Config{
		Tasks: w.cfg.Partitions, Partitions: w.counts(), Wall: w.began.UnixMilli(),
		IdleAfter: w.cfg.Worker.IdleAfter, MaxAhead: w.cfg.Worker.MaxAhead,
	})
	for len(input) > 0 {
		for len(input) > 0 && input[0].Timestamp.UnixMilli() <= driver.Wall() {
			r := input[0]
			driver.PipeTo(r.Topic, r.Partition, task.Record{Appended: r.Timestamp.UnixMilli(), Key: r.Key, Value: r.Value})
			input = input[1:]
		}
		driver.Advance(time.Second)
	}
	driver.Advance(w.report.Virtual - time.Duration(driver.Wall()-w.began.UnixMilli())*time.Millisecond)
	return driver
}

// input are the records of the topics that others write, in the order of their append times.
func (w *world) input() (all []*kgo.Record) {
	for topic := range w.inputs() {
		for _, records := range w.logs[topic] {
			all = append(all, records...)
		}
	}
	slices.SortStableFunc(all, func(a, b *kgo.Record) int {
		if c := a.Timestamp.Compare(b.Timestamp); c != 0 {
			return c
		}
		return int(a.Offset - b.Offset)
	})
	return all
}

// inputs are the topics that the app reads and does not write.
func (w *world) inputs() map[string]bool {
	topics := map[string]bool{}
	for _, sub := range w.topo.Subs {
		for _, src := range sub.Sources {
			if !src.Repartition {
				topics[src.Topic] = true
			}
		}
	}
	for _, global := range w.topo.Globals {
		topics[global] = true
	}
	for _, out := range outputs(w.topo) {
		delete(topics, out)
	}
	return topics
}

// counts are the partitions of all topics, as they were.
func (w *world) counts() map[string]int {
	counts := map[string]int{}
	for topic, ends := range w.ends {
		counts[topic] = len(ends)
	}
	return counts
}
