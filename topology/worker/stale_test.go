package worker

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// Both tables of a task are behind records that are two days old by what their producer says. They were written a moment
// ago, so that no deletion can be missing; where it is long ago, one rebuild settles it for both, each would else end a
// session of its own.
func TestAllStaleStoresOfATaskAreRebuiltAtOnce(t *testing.T) {
	for _, long := range []bool{false, true} {
		t.Run(fmt.Sprintf("written long ago %v", long), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			var b topology.Builder
			words := topology.FromTable(&b, "words", "word", codecs.String, codecs.String)
			counts := topology.FromTable(&b, "counts", "count", codecs.String, codecs.String)
			topology.Merge("both", words.Stream, counts.Stream)
			topo, err := b.Build("app")
			require.NoError(t, err)
			log, said := said()
			var crash atomic.Bool
			var a *App
			cfg := Config{Brokers: c.brokers, Workers: 1, StateDir: t.TempDir(), CheckpointEvery: time.Hour, Logger: log, Hooks: Hooks{Step: func(int, Step) error {
				if !crash.Swap(false) {
					return nil
				}
				if long {
					a.writtenLongAgo(t, at(0, 0))
				}
				return errCrash
			}}}
			a, err = New(topo, cfg)
			require.NoError(t, err)
			stop := c.start(a)
			c.aged(1)
			require.NoError(t, stop())
			a, err = New(topo, cfg)
			require.NoError(t, err)
			stop = c.start(a)
			c.aged(2)
			require.False(t, said("state is rebuilt", ""), "nothing is stale yet")
			crash.Store(true)
			c.aged(3)
			require.NoError(t, stop())
			require.True(t, said("session ended", errCrash.Error()))
			require.Equal(t, long, said("state is rebuilt", "older than"))
			require.False(t, said("session ended", "older than"))
		})
	}
}

// writtenLongAgo dates the checkpoints of a task's stores two days back.
func (a *App) writtenLongAgo(t *testing.T, id topology.TaskID) {
	for _, def := range a.topo.Subs[id.Sub].Stores {
		store := a.engine.open(a.storeName(id, def), def.Memory)
		c, ok, err := store.Checkpoint()
		require.NoError(t, err)
		if !ok {
			continue
		}
		var b state.Batch
		c.AsOf = time.Now().Add(-48 * time.Hour).UnixMilli()
		b.SetCheckpoint(c)
		require.NoError(t, store.Apply(&b))
	}
}

// aged produces a record of two days ago to a partition of both topics, and waits until as many are processed.
func (c *cluster) aged(processed int64) {
	c.t.Helper()
	at, ctx := time.Now().Add(-48*time.Hour), context.Background()
	for _, topic := range []string{"words", "counts"} {
		rec := &kgo.Record{Topic: topic, Partition: 0, Key: []byte("k"), Value: []byte("v"), Timestamp: at}
		require.NoError(c.t, c.manual().ProduceSync(ctx, rec).FirstErr())
	}
	require.Eventually(c.t, func() bool {
		offsets, err := kadm.NewClient(c.client).FetchOffsets(kadm.RequireStable(ctx), "app")
		if err != nil || offsets.Error() != nil {
			return false
		}
		word, _ := offsets.Lookup("words", 0)
		count, _ := offsets.Lookup("counts", 0)
		return word.At == processed && count.At == processed
	}, 20*time.Second, 10*time.Millisecond)
}
