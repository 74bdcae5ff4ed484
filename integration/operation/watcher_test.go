package operation

import (
	"context"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/result"
)

// watcher reads the stats topic as any consumer would, read_committed, while things happen. Of the
// events of load nothing is ever taken back, so no figure of a key may fall, however often the
// processes die. (Two equal totals in a row are no fault: an exposure that moves from one window to
// another changes both windows and no total, which is sent all the same.)
type watcher struct {
	i  *installation
	mu struct {
		sync.Mutex
		last    map[string][]byte // by key
		news    map[string]int    // records by experiment
		records int
		faults  []string
	}
}

// watch reads from the beginning until the test ends; what it has found fails the test then.
func (i *installation) watch() *watcher {
	i.t.Helper()
	w := &watcher{i: i}
	w.mu.last, w.mu.news = map[string][]byte{}, map[string]int{}
	i.follow(i.prefix+".stats", w.see)
	i.t.Cleanup(func() { // before the reading ends
		w.mu.Lock()
		defer w.mu.Unlock()
		i.t.Logf("the watcher has seen %d records of %d keys", w.mu.records, len(w.mu.last))
		require.Empty(i.t, w.mu.faults)
	})
	return w
}

// follow visits the committed records of a topic, as they come, until the test ends.
func (i *installation) follow(topic string, visit func(*kgo.Record)) {
	i.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(i.brokers...), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(200*time.Millisecond), kgo.MetadataMinAge(50*time.Millisecond),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.ConsumeResetOffset(kgo.NoResetOffset()))
	require.NoError(i.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			client.PollFetches(ctx).EachRecord(visit)
		}
	})
	i.t.Cleanup(func() {
		cancel()
		wg.Wait()
		client.Close()
	})
}

func (w *watcher) see(r *kgo.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key, last := string(r.Key), w.mu.last[string(r.Key)]
	w.mu.records++
	if w.mu.last[key] = r.Value; r.Value == nil {
		return
	}
	fault := func(format string, args ...any) {
		w.mu.faults = append(w.mu.faults, fmt.Sprintf("%s/%d/%d %s: ", r.Topic, r.Partition, r.Offset, key)+fmt.Sprintf(format, args...))
	}
	var now, before *result.Record
	if err := result.Codec.Parse(r.Value, &now); err != nil {
		fault("%v", err)
		return
	}
	w.mu.news[now.Experiment]++
	if last == nil {
		return
	}
	_ = result.Codec.Parse(last, &before)
	for figure, was := range figures(before) {
		if is := figures(now)[figure]; is == nil || is.Cmp(was) < 0 {
			fault("%s falls from %s to %v", figure, was.RatString(), is)
		}
	}
}

// figures are those of a record that never fall, by name.
func figures(r *result.Record) map[string]*big.Rat {
	all := map[string]*big.Rat{}
	whole := func(n int64, name string) { all[name] = new(big.Rat).SetInt64(n) }
	whole(r.AsOf, "as_of")
	whole(r.Revision, "revision")
	if r.Grain != result.Total {
		whole(map[bool]int64{true: 1}[r.Closed], "closed")
	}
	for variant, n := range r.Units {
		whole(n, "units of "+variant)
	}
	for name, m := range r.Metrics {
		for variant, v := range m.Variants {
			of := " of " + name + " " + variant
			if v.N != nil {
				whole(*v.N, "n"+of)
			}
			if v.Events != nil {
				whole(*v.Events, "events"+of)
			}
			if v.MaturedN != nil {
				whole(*v.MaturedN, "matured n"+of)
			}
			if sum, ok := new(big.Rat).SetString(v.Sum); ok {
				all["sum"+of] = sum
			}
		}
	}
	return all
}

// goesOn waits until there are new records of each of the experiments, of all known ones if none is named.
func (w *watcher) goesOn(experiments ...string) {
	w.i.t.Helper()
	from := w.seen()
	if len(experiments) == 0 {
		for name := range from {
			experiments = append(experiments, name)
		}
	}
	require.NotEmpty(w.i.t, experiments)
	eventually(w.i.t, time.Minute, fmt.Sprintf("the stats topic goes on with %v", experiments), func() bool {
		now := w.seen()
		for _, name := range experiments {
			if now[name] <= from[name] {
				return false
			}
		}
		return true
	})
}

func (w *watcher) seen() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	counts := map[string]int{}
	for name, n := range w.mu.news {
		counts[name] = n
	}
	return counts
}
