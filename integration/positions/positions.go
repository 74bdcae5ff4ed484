// Package positions checks, on any Kafka, that what an app has committed agrees:
// the group's offsets, and the positions in the changelogs of its task stores.
package positions

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// patience is for markers that the broker still has to write.
const patience = time.Minute

// Agree demands, once the app has stopped, that the group's committed offsets are those that the state
// of each task reflects: one transaction wrote both. It gives how many it has compared, by topic.
func Agree(t testing.TB, brokers []string, topo *topology.Topology) (compared map[string]int) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	committed, err := kadm.NewClient(client).FetchOffsets(kadm.RequireStable(ctx), topo.App)
	require.NoError(t, err)
	compared = map[string]int{}
	for _, sub := range topo.Subs {
		for partition, p := range last(t, brokers, sub) {
			for _, in := range p.Inputs {
				o, ok := committed.Lookup(in.Topic, partition)
				if in.Next < 0 && !ok {
					continue // nothing was ever there
				}
				require.True(t, ok, "no committed offset of %s/%d, the state reflects it up to %d", in.Topic, partition, in.Next)
				require.Equal(t, in.Next, o.At, "%s/%d: position in the state (want) and committed offset", in.Topic, partition)
				compared[in.Topic]++
			}
		}
	}
	return compared
}

// last gives the last committed positions of the tasks of a sub-topology, by partition.
func last(t testing.TB, brokers []string, sub *topology.Sub) map[int32]task.Position {
	t.Helper()
	found := map[int32]task.Position{}
	for _, store := range sub.Stores {
		if store.Name != sub.TaskStore() {
			continue
		}
		Read(t, brokers, sub.Changelog(store), func(r *kgo.Record) {
			if string(r.Key) == string(task.PositionKey()) {
				p, err := task.ParsePosition(r.Value)
				require.NoError(t, err)
				found[r.Partition] = p
			}
		})
	}
	return found
}

// Read visits the committed records of a topic, those of each partition in order, up to the end that it
// has now. It waits for the transactions that are open below that end, and for their markers.
func Read(t testing.TB, brokers []string, topic string, visit func(*kgo.Record)) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	require.NoError(t, err)
	require.NoError(t, ends.Error())
	at := map[int32]int64{}
	for !reached(ends, at) {
		fetches := client.PollFetches(ctx)
		require.NoError(t, ctx.Err(), "read %s", topic)
		fetches.EachRecord(func(r *kgo.Record) {
			at[r.Partition] = r.Offset + 1
			if !r.Attrs.IsControl() {
				visit(r)
			}
		})
	}
}

func reached(ends kadm.ListedOffsets, at map[int32]int64) bool {
	ok := true
	ends.Each(func(o kadm.ListedOffset) { ok = ok && at[o.Partition] >= o.Offset })
	return ok
}
