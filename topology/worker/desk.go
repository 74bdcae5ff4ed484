package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/abacus-stream/abacus/topology"
)

var (
	// ErrNotHeld says that the task of a partition is another instance's, or nobody's while the group rebalances.
	ErrNotHeld = errors.New("the partition is not held here")
	// ErrRestoring says that this instance has the task and brings its state up to the log: ask again.
	ErrRestoring = errors.New("the task is being restored")
	// ErrNotRunning says that the app has not been started, or has stopped.
	ErrNotRunning = errors.New("the app is not running")
)

// desk is where others find the worker of a task. Workers tell it what they have when that
// changes; no record and no commit comes by here.
type desk struct {
	closed chan struct{} // when the workers have stopped
	mu     struct {
		sync.Mutex
		partitions map[string]int // by topic; nil before the app runs
		holders    map[topology.TaskID]holder
	}
}

// holder is the worker that has a task.
type holder struct {
	worker *worker
	runs   bool // its state is restored
}

func newDesk() *desk {
	d := &desk{closed: make(chan struct{})}
	d.mu.holders = map[topology.TaskID]holder{}
	return d
}

func (d *desk) open(partitions map[string]int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mu.partitions = partitions
}

// tasks is the number of tasks of a sub-topology.
func (d *desk) tasks(sub *topology.Sub) (int, error) {
	select {
	case <-d.closed:
		return 0, ErrNotRunning
	default:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mu.partitions == nil {
		return 0, ErrNotRunning
	}
	return d.mu.partitions[sub.Sources[0].Topic], nil
}

func (d *desk) put(id topology.TaskID, h holder) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mu.holders[id] = h
}

// drop forgets that a worker has a task, unless another one has it by now.
func (d *desk) drop(id topology.TaskID, w *worker) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mu.holders[id].worker == w {
		delete(d.mu.holders, id)
	}
}

// has says whether a worker of this process has a task, restored or not.
func (d *desk) has(id topology.TaskID) bool { return !d.unlessHeld(id, func() {}) }

// unlessHeld does something about a task that no worker of this process has, before one can take it in hand.
func (d *desk) unlessHeld(id topology.TaskID, do func()) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, held := d.mu.holders[id]; held {
		return false
	}
	do()
	return true
}

// find is the worker that runs a task.
func (d *desk) find(id topology.TaskID) (*worker, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h, ok := d.mu.holders[id]
	switch {
	case !ok:
		return nil, ErrNotHeld
	case !h.runs:
		return nil, ErrRestoring
	}
	return h.worker, nil
}

// partitions are those of a sub-topology that this process has, restored or not.
func (d *desk) partitions(sub int) (held []int32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.mu.holders {
		if id.Sub == sub {
			held = append(held, id.Partition)
		}
	}
	slices.Sort(held)
	return held
}

// ask is a read of a task's tables that its worker does for somebody else.
type ask struct {
	ctx  context.Context
	task topology.TaskID
	read func(r *running) error
	done chan error // holds one, so that nobody waits for who has gone
}

// ask has a task's worker read and waits for it, at most until ctx ends. What read writes to is
// the caller's only after nil.
func (a *App) ask(ctx context.Context, id topology.TaskID, read func(r *running) error) error {
	w, err := a.desk.find(id)
	if err != nil {
		return err
	}
	q := &ask{ctx: ctx, task: id, read: read, done: make(chan error, 1)}
	select {
	case w.asks <- q:
		w.wake.up()
	case <-ctx.Done():
		return fmt.Errorf("worker %s has not come to it: %w", w.id, ctx.Err())
	case <-a.desk.closed:
		return ErrNotRunning
	}
	select {
	case err := <-q.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("worker %s has not come to it: %w", w.id, ctx.Err())
	case <-a.desk.closed:
		return ErrNotRunning
	}
}

// answerFor is how long a worker reads for others before it goes on with its own.
const answerFor = 5 * time.Millisecond

// answer does the reads that others have asked for, of tasks that are between two commits.
//
// Invariant (committed only): nobody is shown a row that the log has not committed. A task with
// uncommitted work is asked again after its commit.
func (w *worker) answer() {
	if len(w.asks) == 0 && len(w.waiting) == 0 {
		return
	}
	for range len(w.asks) {
		w.waiting = append(w.waiting, <-w.asks)
	}
	began, kept := time.Now(), w.waiting[:0]
	for i, q := range w.waiting {
		if time.Since(began) > answerFor {
			kept = append(kept, w.waiting[i:]...)
			w.wake.up() // these wait for no commit
			break
		}
		if !w.answerOne(q) {
			kept = append(kept, q)
		}
	}
	clear(w.waiting[len(kept):])
	w.waiting = kept
}

// answerOne is false for an ask that has to wait.
func (w *worker) answerOne(q *ask) bool {
	holder, err := w.app.desk.find(q.task)
	r := w.running[q.task]
	switch {
	case q.ctx.Err() != nil:
	case err != nil:
		q.done <- err
	case holder != w || r == nil:
		q.done <- ErrRestoring // it has just changed hands
	case r.task.Dirty():
		return false
	default:
		q.done <- q.read(r)
	}
	return true
}

// leaveDesk is the end of a session: its tasks are nobody's until the next one has restored them.
func (w *worker) leaveDesk() {
	for id := range w.running {
		w.app.desk.drop(id, w)
	}
	for id := range w.opening {
		w.app.desk.drop(id, w)
	}
	for range len(w.asks) {
		w.waiting = append(w.waiting, <-w.asks)
	}
	for _, q := range w.waiting {
		q.done <- ErrRestoring
	}
	w.waiting = nil
}
