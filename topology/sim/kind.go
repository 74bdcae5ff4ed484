package sim

import (
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/topology/worker"
)

// Kind is a kind of fault.
type Kind string

// The kinds of faults.
const (
	Kill        Kind = "kill"        // a process is gone at once, and comes back with the disk it had
	Wipe        Kind = "wipe"        // likewise, and the disk is empty
	KillCommit  Kind = "kill-commit" // likewise, with its disk, after one of the five steps of a commit
	Crash       Kind = "crash"       // a worker's session ends after one of the five steps of a commit
	Stop        Kind = "stop"        // an instance leaves, its tasks go to others; it comes back
	Cut         Kind = "cut"         // the connections of an instance break
	Away        Kind = "away"        // an instance reaches no broker for a while
	Stall       Kind = "stall"       // connections of an instance hold everything back for a while
	Lost        Kind = "lost"        // answers are dropped: EndTxn most of all; the request is carried out
	Refuse      Kind = "refuse"      // requests are answered by an error
	Leader      Kind = "leader"      // partitions get other leaders
	Coordinator Kind = "coordinator" // groups and transactional ids get other coordinators
)

// odds are the kinds with their weights, and what is drawn for a fault of each.
var odds = []struct {
	kind   Kind
	weight int
	draw   func(rng *rand.Rand, f *fault)
}{
	{Kill, 6, func(rng *rand.Rand, f *fault) { f.lasts = away(rng) }},
	{Wipe, 3, func(rng *rand.Rand, f *fault) { f.lasts = away(rng) }},
	{KillCommit, 14, func(rng *rand.Rand, f *fault) { f.lasts, f.step = away(rng), step(rng) }},
	{Crash, 12, func(rng *rand.Rand, f *fault) { f.step = step(rng) }},
	{Stop, 8, func(rng *rand.Rand, f *fault) { f.lasts = away(rng) }},
	{Cut, 10, func(*rand.Rand, *fault) {}},
	{Away, 5, func(rng *rand.Rand, f *fault) { f.lasts = away(rng) }},
	{Stall, 7, func(rng *rand.Rand, f *fault) { f.lasts = away(rng) }},
	{Lost, 16, drawLoss},
	{Refuse, 20, drawRefusal},
	{Leader, 6, func(rng *rand.Rand, f *fault) { f.count = 1 + rng.IntN(6) }},
	{Coordinator, 4, func(*rand.Rand, *fault) {}},
}

// away is a time that a fault lasts: mostly a moment, sometimes longer than a session or a transaction may last.
func away(rng *rand.Rand) time.Duration {
	longest := []time.Duration{200 * time.Millisecond, 2 * time.Second, 9 * time.Second, 25 * time.Second}
	return time.Duration(1 + rng.Int64N(int64(longest[rng.IntN(len(longest))])))
}

func step(rng *rand.Rand) worker.Step {
	return worker.Flushed + worker.Step(rng.IntN(int(worker.Applied-worker.Flushed)+1))
}

// answers that are worth losing beside those to EndTxn.
var losable = []kmsg.Key{kmsg.Produce, kmsg.TxnOffsetCommit, kmsg.InitProducerID, kmsg.JoinGroup, kmsg.SyncGroup, kmsg.OffsetFetch, kmsg.Heartbeat}

func drawLoss(rng *rand.Rand, f *fault) {
	f.key, f.count, f.silent = kmsg.EndTxn, 1+rng.IntN(6), rng.IntN(3) == 0
	if rng.IntN(2) == 0 {
		f.key = losable[rng.IntN(len(losable))]
	}
	f.lasts = patience
}

// refusal is an error that a broker may answer a request by.
type refusal struct {
	key    kmsg.Key
	err    *kerr.Error
	fences bool // a worker that meets it twice within a minute stops, as it should
}

var refused = []refusal{
	{kmsg.EndTxn, kerr.ConcurrentTransactions, false},
	{kmsg.EndTxn, kerr.NotCoordinator, false},
	{kmsg.EndTxn, kerr.CoordinatorNotAvailable, false},
	{kmsg.EndTxn, kerr.UnknownServerError, false},
	{kmsg.EndTxn, kerr.InvalidProducerEpoch, true},
	{kmsg.EndTxn, kerr.ProducerFenced, true},
	{kmsg.TxnOffsetCommit, kerr.ConcurrentTransactions, false},
	{kmsg.TxnOffsetCommit, kerr.NotCoordinator, false},
	{kmsg.TxnOffsetCommit, kerr.CoordinatorLoadInProgress, false},
	{kmsg.TxnOffsetCommit, kerr.RequestTimedOut, false},
	{kmsg.TxnOffsetCommit, kerr.IllegalGeneration, false},
	{kmsg.TxnOffsetCommit, kerr.UnknownMemberID, false},
	{kmsg.TxnOffsetCommit, kerr.InvalidProducerEpoch, true},
	{kmsg.Produce, kerr.ConcurrentTransactions, false},
	{kmsg.Produce, kerr.NotLeaderForPartition, false},
	{kmsg.Produce, kerr.RequestTimedOut, false},
	{kmsg.Produce, kerr.NotEnoughReplicasAfterAppend, false},
	{kmsg.Produce, kerr.UnknownServerError, false},
	{kmsg.Produce, kerr.InvalidProducerEpoch, true},
	{kmsg.InitProducerID, kerr.ConcurrentTransactions, false},
	{kmsg.InitProducerID, kerr.NotCoordinator, false},
	{kmsg.InitProducerID, kerr.CoordinatorLoadInProgress, false},
	{kmsg.DescribeTransactions, kerr.CoordinatorLoadInProgress, false},
	{kmsg.FindCoordinator, kerr.CoordinatorNotAvailable, false},
	{kmsg.OffsetFetch, kerr.UnstableOffsetCommit, false},
	{kmsg.OffsetFetch, kerr.NotCoordinator, false},
	{kmsg.Heartbeat, kerr.RebalanceInProgress, false},
	{kmsg.Heartbeat, kerr.UnknownMemberID, false},
	{kmsg.JoinGroup, kerr.NotCoordinator, false},
	{kmsg.SyncGroup, kerr.RebalanceInProgress, false},
	{kmsg.Fetch, kerr.NotLeaderForPartition, false},
	{kmsg.ListOffsets, kerr.NotLeaderForPartition, false},
}

func drawRefusal(rng *rand.Rand, f *fault) {
	r := refused[rng.IntN(len(refused))]
	f.key, f.err, f.fences, f.count, f.lasts = r.key, r.err, r.fences, 1+rng.IntN(4), patience
	if f.fences {
		f.count = 1
	}
}

// patience is how long a fault waits for a commit, or for a request of its kind.
const patience = 5 * time.Second
