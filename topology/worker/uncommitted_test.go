package worker

import (
	"context"
	"encoding/binary"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/topology"
)

// transaction leaves a transaction open that has written records; end ends it.
func (c *cluster) transaction(records ...*kgo.Record) (end func(kgo.TransactionEndTry)) {
	c.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.brokers...), kgo.TransactionalID("another"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(c.t, err)
	c.t.Cleanup(client.Close)
	require.NoError(c.t, client.BeginTransaction())
	require.NoError(c.t, client.ProduceSync(context.Background(), records...).FirstErr())
	return func(try kgo.TransactionEndTry) {
		require.NoError(c.t, client.EndTransaction(context.Background(), try))
	}
}

// What a producer has written in a transaction counts once that is committed, and never if it is aborted.
func TestRecordsOfAnAbortedTransactionAreNotCounted(t *testing.T) {
	c := newCluster(t)
	c.startApp("app", Config{Workers: 1, Memory: true})
	for i, try := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
		end := c.transaction(&kgo.Record{Topic: "words", Partition: 1, Key: []byte("inside"), Value: []byte("x")})
		require.NoError(t, c.manual().ProduceSync(context.Background(), &kgo.Record{Topic: "words", Partition: 0, Key: []byte("outside"), Value: []byte("x")}).FirstErr())
		require.Eventually(t, func() bool { return c.last("counts")["outside"] == int64(i+1) }, 20*time.Second, time.Millisecond)
		require.Zero(t, c.last("counts")["inside"], "it is counted while it is open")
		end(try)
	}
	c.eventually(3)
	require.EqualValues(t, 1, c.last("counts")["inside"])
}

// The marker of a transaction may be missing though its offsets are committed: a restore that meets an
// open one waits for it, as the log end read uncommitted is where it ends.
func TestRestoreWaitsForATransactionThatIsOpen(t *testing.T) {
	c, fake := newFake(t)
	stop := c.startApp("app", Config{Workers: 1, Memory: true})
	c.words(0, 300, 13)
	c.eventually(300)
	require.NoError(t, stop())
	const changelog = "app-counted-changelog"
	end := c.transaction(&kgo.Record{Topic: changelog, Partition: 0, Key: []byte("late"), Value: binary.BigEndian.AppendUint64(nil, 7)})

	a, err := New(counting(t, "app"), Config{Brokers: c.brokers, Memory: true})
	require.NoError(t, err)
	require.NoError(t, a.open(context.Background()))
	t.Cleanup(func() { require.NoError(t, a.close()) })
	listed, err := a.admin.ListCommittedOffsets(context.Background(), changelog)
	require.NoError(t, err)
	stable, ok := listed.Lookup(changelog, 0)
	require.True(t, ok)
	waits := make(chan struct{})
	var once atomic.Bool
	fake.ControlKey(kmsg.Fetch.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		for _, topic := range req.(*kmsg.FetchRequest).Topics {
			for _, p := range topic.Partitions {
				if topic.TopicID == a.topics.ids[changelog] && p.Partition == 0 && p.FetchOffset >= stable.Offset && !once.Swap(true) {
					close(waits)
				}
			}
		}
		return nil, nil, false
	})
	done := make(chan restored, 1)
	go func() { done <- newWorker(a, 0).restore(context.Background(), a.topo.Subs[1], topology.TaskID{Sub: 1}) }()
	select {
	case <-waits:
	case <-done:
		require.Fail(t, "the restore is complete while the transaction is open")
	}
	end(kgo.TryCommit)
	r := <-done
	require.NoError(t, r.err)
	_, ok, err = r.tables[0].Get([]byte("late"))
	require.NoError(t, err)
	require.True(t, ok, "the row of the transaction is not restored")
}
