package sim

import (
	"context"
	"fmt"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/twmb/franz-go/pkg/kgo"
)

// watch is a consumer of committed records beside the run: what it has seen once must stay true.
type watch struct {
	w      *world
	client *kgo.Client
	done   sync.WaitGroup
	cancel context.CancelFunc
	seen   map[place][]sight
	last   map[string]map[string][]byte // by topic and key
	told   int
}

// place is one partition of a topic.
type place struct {
	topic     string
	partition int32
}

// sight is one record as it was seen.
type sight struct {
	offset int64
	sum    uint64 // of key and value
}

func sightOf(r *kgo.Record) sight {
	h := xxhash.New()
	_, _ = h.Write(r.Key)
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(r.Value)
	return sight{r.Offset, h.Sum64()}
}

// startWatch follows the output topics from their starts.
func (w *world) startWatch() (*watch, error) {
	client, err := kgo.NewClient(w.options(kgo.ConsumeTopics(outputs(w.topo)...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.ConsumeResetOffset(kgo.NoResetOffset()))...)
	if err != nil {
		return nil, fmt.Errorf("sim: watch: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	v := &watch{w: w, client: client, cancel: cancel, seen: map[place][]sight{}, last: map[string]map[string][]byte{}}
	v.done.Go(func() {
		for ctx.Err() == nil {
			fetches := client.PollFetches(ctx)
			fetches.EachError(func(topic string, partition int32, err error) {
				if ctx.Err() == nil {
					w.anomaly("%s/%d: the watch fails: %v", topic, partition, err)
				}
			})
			fetches.EachRecord(v.see)
		}
	})
	return v, nil
}

// told at most of one kind of anomaly, as one cause has many effects.
const toldAtMost = 5

func (v *watch) see(r *kgo.Record) {
	at := place{r.Topic, r.Partition}
	v.seen[at] = append(v.seen[at], sightOf(r))
	values := v.last[r.Topic]
	if values == nil {
		values = map[string][]byte{}
		v.last[r.Topic] = values
	}
	key := string(r.Key)
	if err := v.w.cfg.Follows(r.Topic, r.Key, values[key], r.Value); err != nil && v.told < toldAtMost {
		v.told++
		v.w.anomaly("%s/%d at offset %d, key %q: %v", r.Topic, r.Partition, r.Offset, key, err)
	}
	values[key] = r.Value
}

func (v *watch) stop() {
	v.cancel()
	v.done.Wait()
	v.client.Close()
}

// compare says where what was seen is not what lies in the logs.
func (v *watch) compare(all logs) (found []string) {
	for topic, partitions := range all {
		for p, records := range partitions {
			if seen, ok := v.seen[place{topic, p}]; ok || v.watches(topic) {
				if fault := sameSights(seen, records); fault != "" {
					found = append(found, fmt.Sprintf("%s/%d: a concurrent reader of committed records %s", topic, p, fault))
				}
			}
		}
	}
	return found
}

func (v *watch) watches(topic string) bool {
	for _, out := range outputs(v.w.topo) {
		if out == topic {
			return true
		}
	}
	return false
}

func sameSights(seen []sight, records []*kgo.Record) string {
	for i, r := range records {
		if i >= len(seen) {
			return fmt.Sprintf("has not seen offset %d", r.Offset)
		}
		if seen[i] != sightOf(r) {
			return fmt.Sprintf("saw offset %d where the log has offset %d, or another record there", seen[i].offset, r.Offset)
		}
	}
	if len(seen) > len(records) {
		return fmt.Sprintf("saw %d records, the log has %d", len(seen), len(records))
	}
	return ""
}
