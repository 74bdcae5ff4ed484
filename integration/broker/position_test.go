package broker

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// positionsAgree compares, once the app has stopped, the group's committed offsets with the
// positions in the changelogs: each pair was written by one transaction.
func (s *scene) positionsAgree() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	topo, err := counting(s.app)
	require.NoError(s.t, err)
	committed, err := s.admin.FetchOffsets(kadm.RequireStable(ctx), s.app)
	require.NoError(s.t, err)
	compared := 0
	for _, sub := range topo.Subs {
		positions := s.positions(ctx, sub)
		for partition, p := range positions {
			for _, in := range p.Inputs {
				o, ok := committed.Lookup(in.Topic, partition)
				require.True(s.t, ok, "no committed offset of %s/%d", in.Topic, partition)
				require.Equal(s.t, o.At, in.Next, "%s/%d: committed offset and the position in the changelog", in.Topic, partition)
				compared++
			}
		}
	}
	require.Equal(s.t, 2*partitions, compared)
}

// positions are the last committed positions of the tasks of a sub-topology, by partition.
func (s *scene) positions(ctx context.Context, sub *topology.Sub) map[int32]task.Position {
	s.t.Helper()
	topic := ""
	for _, store := range sub.Stores {
		if store.Name == sub.TaskStore() {
			topic = sub.Changelog(store)
		}
	}
	found := map[int32]task.Position{}
	s.read(ctx, topic, func(r *kgo.Record) {
		if string(r.Key) == string(task.PositionKey()) {
			p, err := task.ParsePosition(r.Value)
			require.NoError(s.t, err)
			found[r.Partition] = p
		}
	})
	return found
}

// read visits the committed records of a topic up to its present end.
func (s *scene) read(ctx context.Context, topic string, visit func(*kgo.Record)) {
	s.t.Helper()
	ends, err := s.admin.ListCommittedOffsets(ctx, topic)
	require.NoError(s.t, err)
	client, err := kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())
	require.NoError(s.t, err)
	defer client.Close()
	at := map[int32]int64{}
	reached := func() bool {
		ok := true
		ends.Each(func(o kadm.ListedOffset) { ok = ok && at[o.Partition] >= o.Offset })
		return ok
	}
	for !reached() {
		fetches := client.PollFetches(ctx)
		require.NoError(s.t, ctx.Err(), "read %s", topic)
		fetches.EachRecord(func(r *kgo.Record) {
			at[r.Partition] = r.Offset + 1
			if !r.Attrs.IsControl() {
				visit(r)
			}
		})
	}
}
