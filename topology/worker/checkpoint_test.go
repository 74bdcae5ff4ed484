package worker

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
)

// The engine is behind the log between two checkpoints, and not after a stop.
func TestCrashReplaysWhatIsAheadAndAStopNothing(t *testing.T) {
	c := newCluster(t)
	core, journal := observer.New(zap.InfoLevel)
	replayed := func() (records int64) {
		for _, e := range journal.TakeAll() {
			if e.Message == "restored" {
				records += e.ContextMap()["records"].(int64)
			}
		}
		return records
	}
	var crash atomic.Bool
	cfg := Config{Workers: 1, StateDir: t.TempDir(), CheckpointEvery: time.Hour, Logger: zap.New(core), Hooks: Hooks{Step: func(int, Step) error {
		if crash.Swap(false) {
			return errCrash
		}
		return nil
	}}}
	stop := c.startApp("app", cfg)
	c.words(0, 200, 13)
	c.eventually(200)
	require.Zero(t, replayed())
	crash.Store(true)
	c.words(200, 1, 1)
	c.eventually(201)
	require.NoError(t, stop())
	require.Positive(t, replayed(), "by the session after the crash")
	stop = c.startApp("app", cfg)
	c.words(201, 1, 1)
	c.eventually(202)
	require.NoError(t, stop())
	require.Zero(t, replayed())
}

func TestRowsReachTheEngineInTime(t *testing.T) {
	c := newCluster(t)
	began := make(chan struct{}, 1)
	a, err := New(counting(t, "app"), Config{Brokers: c.brokers, Workers: 1, Memory: true, CheckpointEvery: 30 * time.Millisecond, Hooks: Hooks{
		Committed: func(int, int, time.Duration) {
			select {
			case began <- struct{}{}:
			default:
			}
		},
	}})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	c.alive.Add(1)
	go func() { done <- a.Run(ctx) }()
	c.words(0, 200, 13)
	c.eventually(200)
	<-began
	rows := func() (n int) {
		for p := range partitions {
			_ = a.engine.memory.Store(fmt.Sprintf("app/1_%d/counted", p)).Scan(nil, nil, func(_, _ []byte) bool { n++; return true })
		}
		return n
	}
	require.Eventually(t, func() bool { return rows() == 13 }, 10*time.Second, time.Millisecond, "while the app runs, with no more input")
	stop()
	require.NoError(t, <-done)
}

// slowStore is a store whose batches take a while.
type slowStore struct {
	state.Store
	written *int
}

func (s slowStore) Apply(b *state.Batch) error {
	time.Sleep(checkpointLimit / 3)
	*s.written++
	return s.Store.Apply(b)
}

// Where many tasks are due, as many are written as there is time for, those that have waited longest first; the next
// time the others.
func TestTasksThatAreDueAreWrittenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const tasks = 10
		w := loopWorker(t, func() error { return nil }, tasks)
		written, now := 0, time.Now()
		for id, r := range w.running {
			r.stores = []state.Store{slowStore{memory.New().Store("x"), &written}}
			r.written = now.Add(-w.app.cfg.CheckpointEvery - time.Duration(tasks-id.Partition)*time.Second)
			r.task.Add(0, many(1))
			_, err := r.task.Process(1)
			require.NoError(t, err)
			require.NoError(t, r.task.Flush())
			r.task.Commit(func(int) int64 { return 1 })
		}
		for _, wrote := range []int{4, 8, 10, 10} {
			require.NoError(t, w.checkpointIfDue(now))
			require.Equal(t, wrote, written)
			for id, r := range w.running {
				require.Equal(t, int(id.Partition) >= wrote, r.task.Ahead(), "%s of %d written", id, wrote)
			}
		}
	})
}

// A worker whose task another one has taken over does not write to its store any more.
func TestLeaseEndsWithTheNextOwner(t *testing.T) {
	e, err := openEngine(&Config{Memory: true})
	require.NoError(t, err)
	var batch state.Batch
	before := e.store("store", false)
	require.NoError(t, before.Apply(&batch))
	after := e.store("store", false)
	batch.Put([]byte("key"), []byte("old"))
	require.ErrorIs(t, before.Apply(&batch), errLeaseEnded)
	require.ErrorIs(t, before.Clear(), errLeaseEnded)
	_, ok, err := after.Get([]byte("key"))
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, after.Apply(&batch))
	require.NoError(t, e.store("another", false).Apply(&batch))
}
