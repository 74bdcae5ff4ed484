package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
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
	tables   []*state.Table // of all tasks, for shareCache
	watch    sync.WaitGroup // the look for orphans

	last       *ending // the last transaction, also of the session before
	failures   failures
	asks       chan *ask    // reads for others
	waiting    []*ask       // those of them whose task has uncommitted work
	rebalances atomic.Int64 // assignments taken
	reported   time.Time    // when the last report was made
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
	if err := w.process(inner); err != nil {
		return err
	}
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
	inner, cancel := context.WithTimeout(inner, 5*time.Second)
	defer cancel()
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

// process works off the queues, looking at the clock between slices so that commits stay on time.
func (w *worker) process(inner context.Context) error {
	const slice = 2048
	for busy := true; busy; {
		busy = false
		for _, r := range w.running {
			n, err := r.task.Process(slice)
			if err != nil {
				return &stepError{err}
			}
			r.records += int64(n)
			busy = busy || n == slice
		}
		if !busy {
			return nil
		}
		if err := w.commitIfDue(inner); err != nil {
			return err
		}
		w.answer()
	}
	return nil
}

// punctuate hands new globals, quiet and the wall time of this round to the tasks.
func (w *worker) punctuate(ctx context.Context) error {
	now := time.Now()
	for _, r := range w.running {
		if err := r.applyGlobals(w.app.globals); err != nil {
			return &stepError{err}
		}
	}
	w.observeQuiet(ctx, now)
	return w.flushTimers(now)
}

func (w *worker) flushTimers(now time.Time) error {
	for _, r := range w.running {
		if err := r.task.Advance(now.UnixMilli()); err != nil {
			return &stepError{err}
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

// stepError is a failure of the topology's own code at a record, or of state that the log cannot
// mend: worth a few tries, not more.
type stepError struct{ cause error }

func (e *stepError) Error() string { return e.cause.Error() }
func (e *stepError) Unwrap() error { return e.cause }

// failures decides how a worker goes on after a session that ended in an error.
type failures struct {
	instance string
	steps    map[string]int // how often a step failed, by the text of its error: tasks may take turns
	records  trials
	last     string
	lastAt   time.Time
	fencedAt time.Time
	backoff  time.Duration
}

// sameLimit is how often a step may fail in the same way before the app stops, calm how long a
// worker must go without a failure for what was before to be forgotten.
const (
	sameLimit = 5
	calm      = time.Minute
	backoff   = 50 * time.Millisecond // the first one; each next one is twice as long
)

// judge gives the time to wait before the next session, or the error to stop with.
func (f *failures) judge(err error, now time.Time) (time.Duration, error) {
	if isOneOf(err, fences) {
		if now.Sub(f.fencedAt) < time.Minute {
			return 0, fmt.Errorf("fenced twice within a minute: another process has the instance id %s too; each needs a state directory of its own, not a copy that brings the id along: %w", f.instance, err)
		}
		f.fencedAt = now
		return 0, nil
	}
	if _, ok := errors.AsType[*alarmError](err); ok {
		return 0, err
	}
	if failed, ok := errors.AsType[*task.Failure](err); ok {
		return 0, f.records.judge(failed, now)
	}
	if now.Sub(f.lastAt) > calm {
		f.steps, f.last = map[string]int{}, ""
	}
	text, _, _ := strings.Cut(err.Error(), "\n") // the stack of a panic is another each time
	if text != f.last {
		f.backoff = backoff
	}
	f.last, f.lastAt = text, now
	var step *stepError
	if errors.As(err, &step) || isOneOf(err, refusals) {
		f.steps[text]++
		n := f.steps[text]
		if n >= sameLimit {
			return 0, fmt.Errorf("failed %d times in the same way: %w", n, err)
		}
		return backoff << (n - 1), nil
	}
	wait := f.backoff
	f.backoff = min(2*f.backoff, 5*time.Second)
	return wait, nil
}

// fences are the answers to a producer or member whose place another one has taken.
var fences = []error{kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.FencedInstanceID, kerr.InvalidProducerIDMapping}

// refusals are answers that stay the same until somebody changes a setting or a right.
var refusals = []error{
	kerr.InvalidSessionTimeout, kerr.InvalidTransactionTimeout, kerr.TopicAuthorizationFailed,
	kerr.GroupAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed, kerr.ClusterAuthorizationFailed,
}

func isOneOf(err error, causes []error) bool {
	return slices.ContainsFunc(causes, func(cause error) bool { return errors.Is(err, cause) })
}
