package worker

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A leader that moves while a task is restored is followed: the other tasks of the worker lose no session by it.
func TestARestoreOutlastsAMoveOfItsLeader(t *testing.T) {
	c, fake := newFake(t)
	stop := c.startApp("app", Config{Workers: 1, Memory: true})
	c.words(0, 300, 13)
	c.eventually(300)
	require.NoError(t, stop())
	var moved []*kfake.FaultHandle
	for _, topic := range []string{"app-counted-changelog", "app-counted-task-changelog"} {
		moved = append(moved, fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: topic, Err: kerr.NotLeaderForPartition, Count: 2}))
	}
	var e ear
	stop = c.startApp("app", Config{Workers: 1, Memory: true, Hooks: e.hooks()})
	c.words(300, 300, 13)
	c.eventually(600)
	require.NoError(t, stop())
	for _, m := range moved {
		require.Equal(t, 2, m.Hits())
	}
	require.Empty(t, e.failures, "a session has ended")
}

// A restore gives up on failures that do not end, so that a session opens that looks at everything anew.
func TestARestoreIsNotPatientForEver(t *testing.T) {
	c, fake := newFake(t)
	c.words(0, 100, 10)
	a, err := New(counting(t, "app"), Config{Brokers: c.brokers, Workers: 1, Memory: true})
	require.NoError(t, err)
	require.NoError(t, a.open(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.close()) })
	fault := fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "words", Err: kerr.NotLeaderForPartition, Count: -1})
	r := a.reader(place{topic: "words"}, 0)
	r.patience = 200 * time.Millisecond
	err = r.upTo(t.Context(), a.log, 1, func([]*kgo.Record) error { return nil })
	require.ErrorIs(t, err, kerr.NotLeaderForPartition)
	require.Greater(t, fault.Hits(), 1, "it has not tried again")
}

// A leader is looked up once, and again after a fetch has failed.
func TestALeaderIsNotLookedUpForEachFetch(t *testing.T) {
	c, fake := newFake(t)
	c.words(0, 1000, 10)
	a, err := New(counting(t, "app"), Config{Brokers: c.brokers, Workers: 1, Memory: true})
	require.NoError(t, err)
	require.NoError(t, a.open(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.close()) })
	var looked atomic.Int64
	fake.ControlKey(kmsg.Metadata.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		for _, topic := range req.(*kmsg.MetadataRequest).Topics {
			if topic.Topic != nil && *topic.Topic == "words" {
				looked.Add(1)
			}
		}
		return nil, nil, false
	})
	// At the end of the log each fetch waits, so that all take longer than the client keeps what it has looked up.
	r := &reader{app: a, topic: "words", next: fake.PartitionInfo("words", 0).HighWatermark, wait: 10 * time.Millisecond}
	fetch := func(times int) {
		for range times {
			_, err := r.fetch(t.Context())
			require.NoError(t, err)
		}
	}
	fetch(20)
	before := looked.Load()
	require.LessOrEqual(t, before, int64(1))
	fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "words", Err: kerr.NotLeaderForPartition, Count: 1})
	_, err = r.fetch(t.Context())
	require.ErrorIs(t, err, kerr.NotLeaderForPartition)
	fetch(20)
	require.Equal(t, before+1, looked.Load())
}

// So many fetches and no more are at hand at a time; and who waits for a transaction that hangs lets the others have their turn.
func TestRestoresTakeTurns(t *testing.T) {
	c := newCluster(t)
	value := []byte("v")
	c.transaction(&kgo.Record{Topic: "words", Partition: 1, Value: value})
	require.NoError(t, c.manual().ProduceSync(t.Context(), &kgo.Record{Topic: "words", Partition: 0, Value: value}).FirstErr())
	a, err := New(counting(t, "app"), Config{Brokers: c.brokers, Workers: 1, Memory: true})
	require.NoError(t, err)
	require.NoError(t, a.open(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.close()) })
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for range 2 * fetchesAtOnce {
		wg.Go(func() {
			_ = a.reader(place{"words", 1}, 0).upTo(ctx, a.log, 1, func([]*kgo.Record) error { return nil })
		})
	}
	const readers = 2 * fetchesAtOnce
	var visits, done atomic.Int64
	all := make(chan struct{})
	for range readers {
		wg.Go(func() {
			err := a.reader(place{"words", 0}, 0).upTo(ctx, a.log, 1, func([]*kgo.Record) error {
				visits.Add(1)
				<-all
				return nil
			})
			if err == nil {
				done.Add(1)
			}
		})
	}
	require.Eventually(t, func() bool { return visits.Load() == fetchesAtOnce }, waitLimit, tick, "those that hang have all turns")
	require.Never(t, func() bool { return visits.Load() > fetchesAtOnce }, 100*time.Millisecond, tick)
	close(all)
	require.Eventually(t, func() bool { return done.Load() == readers }, waitLimit, tick)
}
