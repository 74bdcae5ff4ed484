package worker

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// What made others' exactly-once wrong on this client, by the trap; those that other files have:
//
//	an End without a commit goes on from the client's memory    TestLostEndTxnResponseCountsOnce
//	End commits what was polled                                 TestPolledButUnprocessedRecordsAreNotCommitted
//	a second revoke has no callback                             TestOwnershipIsTheWholeLastAssignment
//	static members do not leave                                 TestTwoProcessesShareAndTakeOver
//	offsets are committed by who owns nothing any more          TestAMemberThatWasReplacedCannotCommit
//	a task moves in parts                                       TestATaskInPartsIsWithheld
//	idleness wants a broker's answer                            TestASilentTaskIsIdleBesideABusyOne
//	producing right behind EndTxn meets its markers             TestACommitIsDueWhenDrainedAndNeverRightBehindEndTxn
//	a rebalance in the midst of a transaction                   TestARevokeReturnsOnceTheLoopHasLetGo, TestARebalanceWaitsForAnOpenTransaction
//	partitions flow while their task is restored                TestPartitionsArePausedWhileTheirTaskIsRestored
//	records without a time are stamped with the clock's         TestOutputsAndChangelogsCarryTheTimeOfTheEvent

// liar answers EndTxn, which the broker has carried out, by UNKNOWN_SERVER_ERROR.
type liar struct {
	net.Conn
	lies  *atomic.Int32 // still to be told
	ended atomic.Bool   // EndTxn has been asked for on this connection
}

func (c *liar) Write(p []byte) (int, error) {
	if len(p) >= 6 && p[4] == 0 && p[5] == endTxn {
		c.ended.Store(true)
	}
	return c.Conn.Write(p)
}

// Read finds the error code behind length, correlation id, tags and throttle time.
func (c *liar) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n >= 15 && c.ended.Swap(false) && c.lies.Add(-1) >= 0 {
		binary.BigEndian.PutUint16(p[13:], 0xffff)
	}
	return n, err
}

// UNKNOWN_SERVER_ERROR says nothing of the transaction, which may be committed or not: the client
// takes it for an abort.
func TestAnUnknownErrorOfEndTxnCountsOnce(t *testing.T) {
	for _, applied := range []bool{true, false} {
		t.Run(fmt.Sprintf("applied %v", applied), func(t *testing.T) {
			t.Parallel()
			c, fake := newFake(t)
			var lies atomic.Int32
			cfg := Config{Workers: 1, StateDir: t.TempDir()}
			cfg.Dial = func(ctx context.Context, network, host string) (net.Conn, error) {
				conn, err := (&net.Dialer{}).DialContext(ctx, network, host)
				return &liar{Conn: conn, lies: &lies}, err
			}
			log, said := said()
			cfg.Logger = log
			c.startApp("app", cfg)
			c.words(0, 300, 13)
			c.eventually(300)
			if applied {
				lies.Store(1)
			} else {
				fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.UnknownServerError})
			}
			c.words(300, 300, 13)
			c.eventually(600)
			require.True(t, said("session ended", "UNKNOWN_SERVER_ERROR"), "the error has not ended the session")
		})
	}
}

// A first transaction that is aborted would send the client back to offset 0, which may be gone or another's.
func TestAFirstTransactionThatIsAbortedBeginsAtTheLogsStart(t *testing.T) {
	c, fake := newFake(t)
	c.words(0, 400, 13)
	var rest int64
	for p := range int32(partitions) {
		end := fake.PartitionInfo("words", p).HighWatermark
		require.NoError(t, fake.DeleteRecords("words", p, end/2))
		rest += end - end/2
	}
	var crashes atomic.Int32
	c.startApp("app", Config{Workers: 1, Memory: true, Hooks: Hooks{Step: func(_ int, at Step) error {
		if at == Offered && crashes.Add(1) <= 2 {
			return fmt.Errorf("%w %d", errCrash, crashes.Load())
		}
		return nil
	}}})
	c.eventually(rest)
	require.Greater(t, crashes.Load(), int32(2))
}

// The client buffers 50,000 records unless it is told otherwise, and blocks at the next one.
func TestACommitOfManyRecordsGoesThrough(t *testing.T) {
	const many = 70_000
	c := newCluster(t)
	c.words(0, many, many)
	var largest atomic.Int64
	c.startApp("app", Config{Workers: 1, Memory: true, CommitEvery: 5 * time.Second, CommitBytes: 1 << 30, PollRecords: many, Hooks: Hooks{
		Committed: func(_, records int, _ time.Duration) { largest.Store(max(largest.Load(), int64(records))) },
	}})
	c.eventually(many)
	require.Greater(t, largest.Load(), int64(50_000), "no commit was large: the test shows nothing")
}

// EndTxn is not even sent for a transaction in which nothing was produced, and its offsets stay
// pending: so a task that has nothing to say produces its position.
func TestRecordsThatLeaveNothingBehindAreCommitted(t *testing.T) {
	c, fake := newFake(t)
	var b topology.Builder
	words := topology.From(&b, "words", codecs.String, codecs.String)
	topology.Process(words, "swallow", topology.Needs{}, func(topology.Forward[string, string]) topology.Processor[string, string] { return swallow{} })
	topo, err := b.Build("app")
	require.NoError(t, err)
	a, err := New(topo, Config{Brokers: c.brokers, Workers: 1, Memory: true})
	require.NoError(t, err)
	stop := c.start(a)
	c.words(0, 100, 13)
	admin := kadm.NewClient(c.client)
	require.Eventually(t, func() bool {
		stable, err := admin.FetchOffsets(kadm.RequireStable(context.Background()), "app")
		if err != nil || stable.Error() != nil {
			return false
		}
		done := int64(0)
		for _, p := range fake.PartitionInfos("words") {
			if o, ok := stable.Lookup("words", p.Partition); ok {
				done += o.At
			}
		}
		return done == 100
	}, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, stop())
}

// A transaction without a record would never be ended: there is none, neither while nothing comes, nor when tasks are let go
// of, nor at a stop.
func TestNoTransactionIsEmpty(t *testing.T) {
	c := newCluster(t)
	var commits, empty, reports atomic.Int64
	hooks := Hooks{
		Committed: func(_, records int, _ time.Duration) {
			commits.Add(1)
			if records == 0 {
				empty.Add(1)
			}
		},
		Reported: func(Report) { reports.Add(1) },
	}
	stop := c.startApp("app", Config{Workers: 1, Memory: true, IdleAfter: time.Hour, Hooks: hooks})
	c.words(0, 100, 13)
	c.eventually(100)
	behind := reports.Load() + 2
	require.Eventually(t, func() bool { return reports.Load() >= behind }, waitLimit, tick)
	var second counted
	c.startApp("app", Config{Workers: 1, Memory: true, Hooks: second.hooks()})
	for total := 100; second.commits.Load() == 0; total += 100 {
		c.words(total, 100, 13)
		c.eventually(int64(total + 100))
	}
	require.NoError(t, stop())
	require.Positive(t, commits.Load())
	require.Zero(t, empty.Load(), "of %d commits", commits.Load())
}

// swallow forwards nothing.
type swallow struct{}

func (swallow) Init(topology.Context) error                    { return nil }
func (swallow) Process(*topology.Record[string, string]) error { return nil }

// A worker without input takes part in rebalances all the same.
func TestAnIdleWorkerLetsGo(t *testing.T) {
	c := newCluster(t)
	c.startApp("app", Config{Workers: 1, Memory: true, Instance: "first"})
	c.words(0, 100, 13)
	c.eventually(100)
	var tasks atomic.Int64
	c.startApp("app", Config{Workers: 1, Memory: true, Instance: "second", Hooks: Hooks{
		Reported: func(r Report) { tasks.Store(int64(len(r.Running))) },
	}})
	require.Eventually(t, func() bool { return tasks.Load() == partitions }, 20*time.Second, 5*time.Millisecond, "half of eight tasks")
	c.words(100, 100, 13)
	c.eventually(200)
}

// The last offsets of a changelog are a marker, or an aborted transaction: a restore is complete
// behind them, which no record tells.
func TestARestoreEndsBehindWhatIsNoRecord(t *testing.T) {
	c := newCluster(t)
	stop := c.startApp("app", Config{Workers: 1, Memory: true})
	c.words(0, 300, 13)
	c.eventually(300)
	require.NoError(t, stop())
	for p := range int32(partitions) {
		c.transaction(&kgo.Record{Topic: "app-counted-changelog", Partition: p, Key: []byte("w1"), Value: make([]byte, 8)})(kgo.TryAbort)
	}
	c.startApp("app", Config{Workers: 1, Memory: true})
	c.words(300, 300, 13)
	c.eventually(600)
}
