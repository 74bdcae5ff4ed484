package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// logs are the committed records of topics, by topic and partition, in their order.
type logs map[string]map[int32][]*kgo.Record

func (l logs) add(r *kgo.Record) {
	if l[r.Topic] == nil {
		l[r.Topic] = map[int32][]*kgo.Record{}
	}
	l[r.Topic][r.Partition] = append(l[r.Topic][r.Partition], r)
}

// quietFor is how long nothing must come for a log to be read to its end.
const quietFor = 3 * time.Second

// collect reads what is left when the app has stopped.
func (w *world) collect() {
	var err error
	if w.offsets, err = w.admin.FetchOffsets(context.Background(), w.topo.App); err != nil {
		w.anomaly("committed offsets of the group: %v", err)
	}
	if w.logs, err = w.read(w.topics); err != nil {
		w.anomaly("%v", err)
	}
	w.ends = map[string]map[int32]int64{}
	for _, topic := range w.topics {
		w.ends[topic] = map[int32]int64{}
		for _, p := range w.kafka.PartitionInfos(topic) {
			w.ends[topic][p.Partition] = p.HighWatermark
		}
	}
	w.lookForOpen()
}

// read reads the committed records of topics from their starts.
func (w *world) read(topics []string) (logs, error) {
	client, err := kgo.NewClient(w.options(kgo.ConsumeTopics(topics...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		return nil, fmt.Errorf("sim: reader: %w", err)
	}
	defer client.Close()
	all := logs{}
	for {
		ctx, cancel := context.WithTimeout(context.Background(), quietFor)
		fetches := client.PollFetches(ctx)
		cancel()
		fetches.EachRecord(all.add)
		if fetches.NumRecords() == 0 {
			return all, nil
		}
	}
}
