package worker

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// copied keeps a standby of one task of a table, by hand, and gives its replica.
func (c *cluster) copied(a *App, prepare func(state.Store, [16]byte)) *replica {
	c.t.Helper()
	require.NoError(c.t, a.open(c.t.Context()))
	c.t.Cleanup(func() { require.NoError(c.t, a.close()) })
	id := topology.TaskID{}
	def := a.topo.Subs[0].Stores[1] // the engine's own: its changelog is written by the app alone
	prepare(a.engine.open(a.storeName(id, def), false), a.topics.ids[a.topo.Subs[0].Changelog(def)])
	s := a.copies
	s.assign(0, standing{id: false})
	require.NoError(c.t, s.connect())
	c.t.Cleanup(s.client.Close)
	s.settle(c.t.Context())
	require.Len(c.t, s.open, 1)
	return s.open[id].replicas[1]
}

// turns has standbys go on until a condition holds.
func (c *cluster) turns(s *standbys, until func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !until(); s.poll(c.t.Context()) {
		require.True(c.t, time.Now().Before(deadline), "the standby does not come along")
	}
}

// State of a topic that is gone, and state ahead of the log, is not gone on from but read anew.
func TestAStandbyBeginsAnewWhereItsStateIsNotToBeTrusted(t *testing.T) {
	for name, checkpoint := range map[string]state.Checkpoint{
		"of another topic": {ChangelogOffset: 3, Changelog: [16]byte{9}}, "ahead of the log": {ChangelogOffset: 1 << 40},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			log, said := said()
			a, err := New(tabled(t), Config{Brokers: c.brokers, Memory: true, Logger: log})
			require.NoError(t, err)
			r := c.copied(a, func(store state.Store, topic [16]byte) {
				var b state.Batch
				b.Put([]byte("wrong"), nil)
				if checkpoint.Changelog == [16]byte{} {
					checkpoint.Changelog = topic
				}
				b.SetCheckpoint(checkpoint)
				require.NoError(t, store.Apply(&b))
			})
			require.Zero(t, r.next)
			_, has, err := r.store.Get([]byte("wrong"))
			require.NoError(t, err)
			require.False(t, has)
			require.True(t, said("state is rebuilt", ""))
		})
	}
}

// A changelog whose next record has been deleted is read from its start, into an empty store.
func TestAStandbyThatHasLostRecordsBeginsAnew(t *testing.T) {
	c := newCluster(t)
	log, said := said()
	a, err := New(tabled(t), Config{Brokers: c.brokers, Memory: true, Logger: log})
	require.NoError(t, err)
	topic := a.topo.Subs[0].Changelog(a.topo.Subs[0].Stores[1])
	write := func(from, to int) {
		for i := from; i < to; i++ {
			rec := &kgo.Record{Topic: topic, Key: fmt.Append(nil, i), Value: []byte("x")}
			require.NoError(t, c.client.ProduceSync(context.Background(), rec).FirstErr())
		}
	}
	r := c.copied(a, func(state.Store, [16]byte) {})
	manual, err := kgo.NewClient(kgo.SeedBrokers(c.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, err)
	defer manual.Close()
	c.client = manual
	write(0, 10)
	c.turns(a.copies, func() bool { return r.next == 10 })
	a.copies.client.PauseFetchPartitions(map[string][]int32{topic: {0}})
	write(10, 30)
	var gone kadm.Offsets
	gone.AddOffset(topic, 0, 20, -1)
	_, err = kadm.NewClient(c.client).DeleteRecords(t.Context(), gone)
	require.NoError(t, err)
	a.copies.client.ResumeFetchPartitions(map[string][]int32{topic: {0}})
	c.turns(a.copies, func() bool { return r.next == 30 })
	rows := 0
	require.NoError(t, r.store.Scan(nil, nil, func(_, _ []byte) bool { rows++; return true }))
	require.Equal(t, 10, rows)
	require.True(t, said("state is rebuilt", ""))
}
