package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// stepping is a processor whose step a test gives.
type stepping func() error

func (stepping) Init(topology.Context) error                      { return nil }
func (s stepping) Process(*topology.Record[string, string]) error { return s() }

// steppingTopology reads words in steps of a test's own.
func steppingTopology(tb testing.TB, step stepping, retry topology.Retry) *topology.Topology {
	tb.Helper()
	var b topology.Builder
	out := topology.Process(topology.From(&b, "words", codecs.String, codecs.String), "stepping", topology.Needs{},
		func(topology.Forward[string, string]) topology.Processor[string, string] { return step })
	if retry.Tries > 0 { // else no record is followed
		topology.OnFailure(out, retry)
	}
	topo, err := b.Build("app")
	require.NoError(tb, err)
	return topo
}

// loopWorker is a worker with n tasks and without Kafka.
func loopWorker(tb testing.TB, step stepping, n int) *worker {
	tb.Helper()
	topo := steppingTopology(tb, step, topology.Retry{})
	a, err := New(topo, Config{Brokers: []string{"none"}, Memory: true, CommitEvery: time.Hour, PollRecords: 100})
	require.NoError(tb, err)
	a.engine, err = openEngine(&a.cfg)
	require.NoError(tb, err)
	w := newWorker(&App{topo: topo, cfg: a.cfg, log: zap.NewNop(), engine: a.engine}, 0)
	w.outbox, w.balancer, w.moves, w.quiet = &task.Outbox{}, &balancer{}, make(chan move, 1), newQuiet()
	w.running, w.slots = map[topology.TaskID]*running{}, map[place]*slot{}
	for p := range int32(n) {
		id, sub := topology.TaskID{Partition: p}, topo.Subs[0]
		table := state.NewTable(sub.Stores[0].Name, 0, memory.New().Store("x"), 0)
		run, err := task.New(task.Config{Sub: sub, ID: id, Tasks: n, Tables: []*state.Table{table}, Outbox: w.outbox})
		require.NoError(tb, err)
		w.running[id] = &running{task: run, sub: sub}
		w.slots[place{"words", p}] = &slot{run: w.running[id]}
	}
	return w
}

// many are n records for the queue of a task.
func many(n int) []task.Record {
	records := make([]task.Record, n)
	for i := range records {
		records[i] = task.Record{Offset: int64(i), Appended: start.UnixMilli(), Key: []byte("k"), Value: []byte("v")}
	}
	return records
}

// However slow the steps are, a turn ends in time, and what is left comes in the next ones.
func TestATurnEndsInTime(t *testing.T) {
	const records = 500
	for _, took := range []time.Duration{0, time.Millisecond, 10 * time.Millisecond, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			steps := 0
			w := loopWorker(t, func() error {
				time.Sleep(took)
				steps++
				return nil
			}, 2)
			for _, r := range w.running {
				r.task.Add(0, many(records))
			}
			for w.pace.behind = true; w.pace.behind; {
				began := time.Now()
				require.NoError(t, w.process(t.Context(), t.Context()))
				require.LessOrEqual(t, time.Since(began), turnLimit+2*max(sliceLimit, took), "steps of %v", took)
			}
			require.Equal(t, 2*records, steps)
		})
	}
}

// Steps that have been fast and get slow, as where a service that they call does, are noticed after a stride.
func TestAStepThatGetsSlowIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps := 0
		w := loopWorker(t, func() error {
			if steps++; steps > 10*strideMost {
				time.Sleep(time.Second)
			}
			return nil
		}, 1)
		w.running[topology.TaskID{}].task.Add(0, many(5000))
		require.NoError(t, w.process(t.Context(), t.Context()))
		require.LessOrEqual(t, steps, 11*strideMost)
		require.NoError(t, w.process(t.Context(), t.Context()))
		require.LessOrEqual(t, steps, 11*strideMost+1, "from then on each is looked at")
	})
}

// A stop, a rebalance and a task that is restored do not wait for the queue.
func TestProcessingIsInterrupted(t *testing.T) {
	var w *worker
	var stop context.CancelFunc
	for name, interrupt := range map[string]func(){
		"stop":      func() { stop() },
		"rebalance": func() { w.moves <- move{} },
		"restored":  func() { w.opened <- restored{} },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stop = cancel
		steps := 0
		w = loopWorker(t, func() error {
			if steps++; steps == 1000 {
				interrupt()
			}
			return nil
		}, 1)
		w.opened = make(chan restored, 1)
		w.running[topology.TaskID{}].task.Add(0, many(5000))
		for w.pace.behind = true; w.pace.behind && steps < 1000; { // on a slow machine a turn may end before
			require.NoError(t, w.process(ctx, t.Context()))
		}
		require.True(t, w.pace.behind, name)
		require.Less(t, steps, 1000+strideMost, name)
	}
}

// With slow steps commits come, and a stop does not wait for what is queued.
func TestSlowStepsCommitAndStop(t *testing.T) {
	c := newCluster(t)
	c.words(0, 5000, 1)
	var steps atomic.Int64
	var commits counted
	topo := steppingTopology(t, func() error {
		time.Sleep(10 * time.Millisecond)
		steps.Add(1)
		return nil
	}, topology.Retry{})
	stop := c.begin(topo, Config{Workers: 1, Memory: true, Hooks: commits.hooks()})
	require.Eventually(t, func() bool { return commits.commits.Load() > 2 }, waitLimit, tick)
	require.Less(t, steps.Load(), int64(1000), "of three commits")
	before := steps.Load()
	require.NoError(t, stop())
	require.Less(t, steps.Load()-before, int64(1000), "after the stop")
}

// The partition of a full queue is not fetched until most of it is worked off, also when a rebalance lets the others flow.
func TestAFullQueueIsPaused(t *testing.T) {
	w := loopWorker(t, func() error { return nil }, 2)
	var err error
	w.client, err = kgo.NewClient()
	require.NoError(t, err)
	defer w.client.Close()
	paused := func() []int32 {
		w.pauseFull()
		return w.client.PauseFetchPartitions(nil)["words"]
	}
	r, most := w.running[topology.TaskID{Partition: 1}], w.app.cfg.PollRecords
	r.task.Add(0, many(most))
	require.Empty(t, paused())
	r.task.Add(0, many(most))
	require.Equal(t, []int32{1}, paused())
	w.resume(r)
	require.Equal(t, []int32{1}, paused())
	_, err = r.task.Process(most)
	require.NoError(t, err)
	require.Equal(t, []int32{1}, paused(), "half is not most of it")
	_, err = r.task.Process(most / 2)
	require.NoError(t, err)
	require.Empty(t, paused())
}

// While a record waits for its next try, its source is not read on without bound; then everything comes.
func TestTheQueueIsBoundedWhileARecordWaits(t *testing.T) {
	const poll, all = 100, 3000
	c := newCluster(t)
	var fails atomic.Bool
	fails.Store(true)
	topo := steppingTopology(t, func() error {
		if fails.Load() {
			return errors.New("not yet")
		}
		return nil
	}, topology.Retry{Tries: 1000, Backoff: 300 * time.Millisecond})
	var e ear
	hooks, most, waited := e.hooks(), atomic.Int64{}, atomic.Int64{}
	hooks.Reported = func(r Report) {
		for _, run := range r.Running {
			if queued := int64(run.Inputs[0].Queued); queued > 0 {
				waited.Add(1)
				most.Store(max(most.Load(), queued))
			}
		}
	}
	c.words(0, all, 1)
	c.begin(topo, Config{Workers: 1, Memory: true, PollRecords: poll, Hooks: hooks})
	require.Eventually(t, func() bool { return waited.Load() >= 4 }, waitLimit, tick)
	require.LessOrEqual(t, most.Load(), int64(2*poll))
	require.Greater(t, most.Load(), int64(poll), "nothing was held back: the test shows nothing")
	fails.Store(false)
	require.Eventually(t, func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return sum(e.processed) == all
	}, waitLimit, tick)
}

// lingering is a processor whose first flush takes longer than the rest of a commit may.
type lingering struct{ flushes *atomic.Int64 }

func (l lingering) Init(ctx topology.Context) error {
	ctx.OnFlush(func() error {
		if l.flushes.Add(1) == 1 {
			time.Sleep(commitLimit + 500*time.Millisecond)
		}
		return nil
	})
	return nil
}

func (lingering) Process(*topology.Record[string, string]) error { return nil }

// A flush takes the time that the topology takes: it is not of what the broker bounds.
func TestALongFlushCommits(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	var flushes atomic.Int64
	var b topology.Builder
	topology.Process(topology.From(&b, "words", codecs.String, codecs.String), "lingering", topology.Needs{},
		func(topology.Forward[string, string]) topology.Processor[string, string] { return lingering{&flushes} })
	topo, err := b.Build("app")
	require.NoError(t, err)
	c.words(0, 1, 1)
	var e ear
	c.begin(topo, Config{Workers: 1, Memory: true, Hooks: e.hooks()})
	require.Eventually(t, func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return sum(e.processed) == 1
	}, 2*waitLimit, tick)
	e.mu.Lock()
	defer e.mu.Unlock()
	require.Empty(t, e.failures, "it took another session")
}
