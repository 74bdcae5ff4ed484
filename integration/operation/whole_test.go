package operation

import (
	"context"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/processors/experiment/flow"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// whole demands, of an installation at rest, that no transaction is open and that the group's
// committed offsets are those that the state of each task reflects.
func (i *installation) whole() {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var b topology.Builder
	flow.Build(&b, flow.Config{Prefix: i.prefix})
	topo, err := b.Build(i.prefix)
	require.NoError(i.t, err)
	i.transactionsEnded(ctx)
	committed, err := i.admin.FetchOffsets(kadm.RequireStable(ctx), i.prefix)
	require.NoError(i.t, err)
	compared := map[string]int{}
	for _, sub := range topo.Subs {
		for partition, p := range i.positions(ctx, sub) {
			for _, in := range p.Inputs {
				o, ok := committed.Lookup(in.Topic, partition)
				if in.Next < 0 && !ok {
					continue // nothing was ever there
				}
				require.True(i.t, ok, "no committed offset of %s/%d, the state reflects it up to %d", in.Topic, partition, in.Next)
				require.Equal(i.t, in.Next, o.At, "%s/%d: position in the state (want) and committed offset", in.Topic, partition)
				compared[in.Topic]++
			}
		}
	}
	require.Equal(i.t, partitions, compared[i.prefix+".events"], "%v", compared)
	require.Equal(i.t, partitions, compared[i.prefix+"-deltas-repartition"], "%v", compared)
}

// transactionsEnded demands that no transaction of the installation is open or about to end, and
// that none holds back the readers of a topic.
func (i *installation) transactionsEnded(ctx context.Context) {
	i.t.Helper()
	listed, err := i.admin.ListTransactions(ctx, nil, nil)
	require.NoError(i.t, err)
	seen := 0
	for _, tx := range listed.Sorted() {
		if strings.HasPrefix(tx.TxnID, i.prefix) {
			seen++
			require.Contains(i.t, []string{"Empty", "CompleteCommit", "CompleteAbort"}, tx.State, "transaction of %s", tx.TxnID)
		}
	}
	require.NotZero(i.t, seen, "transactional ids")
	topics, err := i.admin.ListTopics(ctx)
	require.NoError(i.t, err)
	for _, topic := range topics.Names() {
		if !strings.HasPrefix(topic, i.prefix) {
			continue
		}
		stable, err := i.admin.ListCommittedOffsets(ctx, topic)
		require.NoError(i.t, err)
		ends, err := i.admin.ListEndOffsets(ctx, topic)
		require.NoError(i.t, err)
		ends.Each(func(end kadm.ListedOffset) {
			o, _ := stable.Lookup(topic, end.Partition)
			require.Equal(i.t, end.Offset, o.Offset, "%s/%d: end, and last stable offset", topic, end.Partition)
		})
	}
}

// positions are the last committed positions of the tasks of a sub-topology, by partition.
func (i *installation) positions(ctx context.Context, sub *topology.Sub) map[int32]task.Position {
	i.t.Helper()
	found := map[int32]task.Position{}
	for _, store := range sub.Stores {
		if store.Name != sub.TaskStore() {
			continue
		}
		i.read(ctx, sub.Changelog(store), func(r *kgo.Record) {
			if string(r.Key) == string(task.PositionKey()) {
				p, err := task.ParsePosition(r.Value)
				require.NoError(i.t, err)
				found[r.Partition] = p
			}
		})
	}
	return found
}

// read visits the committed records of a topic up to its present end.
func (i *installation) read(ctx context.Context, topic string, visit func(*kgo.Record)) {
	i.t.Helper()
	ends, err := i.admin.ListCommittedOffsets(ctx, topic)
	require.NoError(i.t, err)
	client, err := kgo.NewClient(kgo.SeedBrokers(i.brokers...), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())
	require.NoError(i.t, err)
	defer client.Close()
	at := map[int32]int64{}
	reached := func() bool {
		ok := true
		ends.Each(func(o kadm.ListedOffset) { ok = ok && at[o.Partition] >= o.Offset })
		return ok
	}
	for !reached() {
		fetches := client.PollFetches(ctx)
		require.NoError(i.t, ctx.Err(), "read %s", topic)
		fetches.EachRecord(func(r *kgo.Record) {
			at[r.Partition] = r.Offset + 1
			if !r.Attrs.IsControl() {
				visit(r)
			}
		})
	}
}
