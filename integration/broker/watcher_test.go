package broker

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// watcher reads the counts as any consumer would, read_committed, while the app runs. A count that
// comes twice, or goes back, is a fault however things end.
type watcher struct {
	t  testing.TB
	mu struct {
		sync.Mutex
		last    map[string]int64
		faults  []string
		records int
		arrived map[int32]arrival       // by partition, the newest
		gaps    map[int32]time.Duration // by partition, the longest between two arrivals since gaps were last asked for
	}
}

// arrival is when a record was seen.
type arrival struct {
	offset int64
	at     time.Time
}

func watch(t testing.TB, brokers []string, topic string) *watcher {
	t.Helper()
	w := &watcher{t: t}
	w.mu.last, w.mu.arrived, w.mu.gaps = map[string]int64{}, map[int32]arrival{}, map[int32]time.Duration{}
	// The wait is short because a partition found late waits for the fetch in flight.
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(200*time.Millisecond), kgo.MetadataMinAge(50*time.Millisecond),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.ConsumeResetOffset(kgo.NoResetOffset()))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			fetches := client.PollFetches(ctx)
			now := time.Now()
			fetches.EachRecord(func(r *kgo.Record) { w.see(r, now) })
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		client.Close()
		require.Empty(t, w.mu.faults)
	})
	return w
}

func (w *watcher) see(r *kgo.Record, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	word, n := string(r.Key), int64(binary.BigEndian.Uint64(r.Value))
	if last := w.mu.last[word]; n <= last {
		w.mu.faults = append(w.mu.faults, fmt.Sprintf("%s/%d/%d: %s counted %d after %d", r.Topic, r.Partition, r.Offset, word, n, last))
	}
	w.mu.last[word] = n
	w.mu.records++
	if before, any := w.mu.arrived[r.Partition]; any {
		w.mu.gaps[r.Partition] = max(w.mu.gaps[r.Partition], now.Sub(before.at))
	}
	w.mu.arrived[r.Partition] = arrival{r.Offset, now}
}

// gaps are the longest waits for output by partition since the last call.
func (w *watcher) gaps() map[int32]time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	gaps := w.mu.gaps
	w.mu.gaps = map[int32]time.Duration{}
	return gaps
}

// settled waits for these counts. A word that is counted too often ends the wait at once.
func (w *watcher) settled(want map[string]int64) {
	w.t.Helper()
	var got map[string]int64
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		got = w.counts()
		if maps.Equal(got, want) {
			return
		}
		for word, n := range got {
			require.LessOrEqual(w.t, n, want[word], "%s is counted more often than it was produced", word)
		}
	}
	require.Equal(w.t, want, got, "counts after a minute")
}

// allAfter waits for a record at or behind its offset in every partition, and gives the last arrival.
func (w *watcher) allAfter(ends map[int32]int64) (last time.Time) {
	w.t.Helper()
	first := map[int32]time.Time{}
	for deadline := time.Now().Add(time.Minute); len(first) < len(ends); time.Sleep(time.Millisecond) {
		require.True(w.t, time.Now().Before(deadline), "output in %d of %d partitions after a minute: %v", len(first), len(ends), first)
		w.mu.Lock()
		for p, a := range w.mu.arrived {
			if _, ok := first[p]; !ok && a.offset >= ends[p] {
				first[p] = a.at
			}
		}
		w.mu.Unlock()
	}
	return slices.MaxFunc(slices.Collect(maps.Values(first)), time.Time.Compare)
}

func (w *watcher) counts() map[string]int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.mu.last)
}
