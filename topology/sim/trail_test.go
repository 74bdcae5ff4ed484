package sim_test

import (
	"testing"
	"time"

	"github.com/abacus-stream/abacus/topology/sim"
)

// Where Kafka Streams went wrong is where to look: each of its faults has a few minutes under the
// kinds of trouble that showed it. In other packages:
//
//	KAFKA-20685, state kept after an aborted transaction   task.TestAbortLeavesTheStateBefore, worker.TestCrashAtEachStepOfACommitCountsOnce
//	KAFKA-20760, offset and rows apart, on a disk          pebble.TestCrashLeavesWholeBatches, worker.TestACutWriteAheadLogIsReplayed
//	KAFKA-20933, a bulk write that bypasses the buffer     state.TestATrimThatIsAborted, worker.TestATrimThatIsAbortedIsNotRestored
//	KAFKA-20753, a store's status lost in its buffer       worker.TestCrashReplaysWhatIsAheadAndAStopNothing
//	KIP-1259, local state after tombstones have expired    worker.TestAStoreBehindOldDeletionsIsStale
//	restores to the last stable offset                     worker.TestRestoreWaitsForATransactionThatIsOpen
//	restores to the last record                            worker.TestARestoreEndsBehindWhatIsNoRecord

// KAFKA-20685: the state of a transaction that is given up is in no store.
func TestNothingIsKeptOfAbortedTransactions(t *testing.T) {
	short(t, counting(), sim.Crash, sim.KillCommit, sim.Refuse)
}

// KAFKA-20760: a store's offset is never apart from its rows, whenever its process is killed.
func TestKilledProcessesLeaveRowsAndOffsetsThatAgree(t *testing.T) {
	short(t, counting(), sim.Kill, sim.KillCommit)
}

// KAFKA-20933: what a restore writes goes the way of everything else, also when it is cut off.
func TestRestoresThatAreCutOffGoOn(t *testing.T) {
	short(t, counting(), sim.Wipe, sim.Cut, sim.Stall, sim.Stop)
}

// Pull request 12540: what has been seen is known after a reassignment, too. Payments come twice here.
func TestDuplicatesAreKnownAfterAReassignment(t *testing.T) {
	short(t, shop(), sim.Stop, sim.Wipe, sim.Away)
}

// short is a run of three minutes with much trouble of few kinds.
func short(t *testing.T, cfg sim.Config, kinds ...sim.Kind) {
	cfg.Kinds, cfg.Duration, cfg.Every, cfg.Seed = kinds, 3*time.Minute, 2*time.Second, *seed
	run(t, cfg)
}
