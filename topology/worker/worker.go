package worker

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// worker is one goroutine with one client and one transaction at a time (Kafka Streams: stream thread).
type worker struct {
	app *App
	n   int
	id  string // transactional id and group instance id
	log *zap.Logger

	// Of one session, the life of a client. All of it is dropped when the session ends.
	client   *kgo.Client
	balancer *balancer
	outbox   *task.Outbox
	slots    map[place]*slot // inputs of running tasks
	running  map[topology.TaskID]*running
	opening  map[topology.TaskID]*opening
	opened   chan restored
	moves    chan move
	member   string // id in the group, once a task was ours
	wake     wake
	pace     pace
	txn      *transaction
	quiet    quiet
	batch    state.Batch    // of checkpoints
	due      []*running     // for one
	tables   []*state.Table // of all tasks, for shareCache
	watch    sync.WaitGroup // what the session has started beside it

	last       *ending // the last transaction, also of the session before
	failures   failures
	asks       chan *ask    // reads for others
	waiting    []*ask       // those of them whose task has uncommitted work
	rebalances atomic.Int64 // assignments taken
	reported   time.Time    // when the last report was made
	looked     time.Time    // at the clock, in the last turn
	endless    seldom       // the ends of source topics are not known
}

// place is one partition of a topic.
type place struct {
	topic     string
	partition int32
}

// slot is where the records of a place go.
type slot struct {
	run    *running
	source int
	full   bool // more is queued than can be worked off soon: it is not fetched
}

func newWorker(a *App, n int) *worker {
	id := fmt.Sprintf("%s-%s-%d", a.topo.App, a.engine.instance, n)
	return &worker{app: a, n: n, id: id, log: a.log.With(zap.String("worker", id)), asks: make(chan *ask, 256), failures: failures{instance: a.engine.instance}}
}

// run keeps a session open until ctx ends. What a session holds in memory is dropped with it, so
// any error may end one; a step that fails in the same way five times ends the app.
func (w *worker) run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := w.session(ctx)
		if ctx.Err() != nil {
			err = nil
		}
		w.report(err)
		if err := w.app.engine.broken(w.log, time.Now()); err != nil {
			return w.giveUp(err) // whatever the session met with comes from there, also at a stop
		}
		if err == nil {
			continue
		}
		if stack := task.Stack(err); stack != nil {
			w.log.Error("the topology panicked", zap.Error(err), zap.ByteString("panicked", stack))
		}
		wait, fatal := w.failures.judge(err, time.Now())
		if fatal != nil {
			return w.giveUp(fatal)
		}
		w.log.Warn("session ended, opening another", zap.Error(err), zap.Duration("backoff", wait))
		if pause(ctx, wait) != nil && w.client != nil {
			w.leave()
		}
	}
	return nil
}

// giveUp leaves the group, so that the others need not wait for the session to end.
func (w *worker) giveUp(err error) error {
	if w.client != nil {
		w.leave()
	}
	return fmt.Errorf("worker %s: %w", w.id, err)
}

// session is the life of one client.
func (w *worker) session(ctx context.Context) error {
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if err := w.open(ctx, inner); err != nil {
		w.close(cancel, false)
		return err
	}
	defer func() { w.close(cancel, ctx.Err() != nil) }()
	for ctx.Err() == nil {
		if err := w.turn(ctx, inner); err != nil {
			return err
		}
	}
	return w.drain(inner)
}

// turn is one round of the loop.
func (w *worker) turn(ctx, inner context.Context) error {
	if err := w.poll(ctx); err != nil {
		return err
	}
	if err := w.move(inner); err != nil {
		return err
	}
	if err := w.process(ctx, inner); err != nil {
		return err
	}
	w.pauseFull()
	if err := w.punctuate(inner); err != nil {
		return err
	}
	w.reportIfDue(time.Now())
	if err := w.commitIfDue(inner); err != nil {
		return err
	}
	w.answer()
	return nil
}

// drain commits what is processed when the app stops, and leaves nothing to replay.
func (w *worker) drain(inner context.Context) error {
	if err := w.flushTimers(time.Now()); err != nil {
		return err
	}
	if w.dirty() {
		if err := w.commit(inner); err != nil {
			return err
		}
	}
	return w.checkpointAll()
}

// punctuate hands new globals, quiet and the wall time of this round to the tasks.
func (w *worker) punctuate(ctx context.Context) error {
	now := time.Now()
	for _, r := range w.running {
		if err := r.applyGlobals(w.app.globals); err != nil {
			return failedAt(r.task.Task(), "global tables", err)
		}
	}
	w.followClock(now)
	w.observeQuiet(ctx, now)
	return w.flushTimers(now)
}

// followClock tells the tasks when the wall clock was set between two turns, as it is where it was wrong.
func (w *worker) followClock(now time.Time) {
	if !w.looked.IsZero() {
		if by := clockSet(now.UnixMilli()-w.looked.UnixMilli(), now.Sub(w.looked).Milliseconds()); by != 0 {
			w.log.Warn("the wall clock was set", zap.Int64("ms", by))
			for _, r := range w.running {
				r.task.ClockSet(by)
			}
		}
	}
	w.looked = now
}

func (w *worker) flushTimers(now time.Time) error {
	for _, r := range w.running {
		if err := r.task.Advance(now.UnixMilli()); err != nil {
			return failedAt(r.task.Task(), "timers", err)
		}
	}
	return nil
}

func (w *worker) dirty() bool {
	for _, r := range w.running {
		if r.task.Dirty() {
			return true
		}
	}
	return false
}
