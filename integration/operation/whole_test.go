package operation

import (
	"context"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/abacus-stream/abacus/integration/positions"
	"github.com/abacus-stream/abacus/processors/experiment/flow"
	"github.com/abacus-stream/abacus/topology"
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
	compared := positions.Agree(i.t, i.brokers, topo)
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
