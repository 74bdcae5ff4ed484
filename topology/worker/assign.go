package worker

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// running is a task with what its worker keeps for it.
type running struct {
	task    *task.Task
	sub     *topology.Sub
	stores  []state.Store
	globals []int // rows applied, by global table
}

// move is what a rebalance callback asks of the loop; done is closed when it is carried out.
type move struct {
	gone   map[string][]int32 // partitions to let go of
	commit bool               // they are still ours: commit first
	done   chan struct{}
}

// assigned runs on the client's goroutine: new partitions wait, paused, until their task is restored.
func (w *worker) assigned(cl *kgo.Client, added map[string][]int32) {
	cl.PauseFetchPartitions(added)
	w.moves <- move{}
	w.wake.up()
}

// revoked runs on the client's goroutine and waits until the loop has let go: only then may the
// partitions go to another member.
func (w *worker) revoked(session context.Context, gone map[string][]int32, commit bool) {
	m := move{gone: gone, commit: commit, done: make(chan struct{})}
	select {
	case w.moves <- m:
	case <-session.Done():
		return
	}
	w.wake.up()
	select {
	case <-m.done:
	case <-session.Done():
	}
}

// move carries out what rebalances asked for, and takes in tasks whose restore is complete.
func (w *worker) move(ctx context.Context) error {
	for {
		select {
		case m := <-w.moves:
			if err := w.moveOne(ctx, m); err != nil {
				return err
			}
		case r := <-w.opened:
			if err := w.takeIn(r); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

func (w *worker) moveOne(ctx context.Context, m move) error {
	if m.done != nil {
		defer close(m.done)
		if m.commit && w.dirty() {
			if err := w.commit(ctx); err != nil {
				return err
			}
		}
		w.letGo(m.gone)
		return nil
	}
	w.settleOwnership(ctx)
	return nil
}

// letGo drops the tasks of partitions that are ours no more.
func (w *worker) letGo(gone map[string][]int32) {
	for topic, partitions := range gone {
		for _, p := range partitions {
			if s := w.slots[place{topic, p}]; s != nil {
				w.drop(s.run)
			}
			for id, cancel := range w.opening {
				if id.Partition == p && hasSource(w.app.topo.Subs[id.Sub], topic) {
					cancel()
				}
			}
		}
	}
}

func (w *worker) drop(r *running) {
	for _, src := range r.sub.Sources {
		delete(w.slots, place{src.Topic, r.task.Task().Partition})
	}
	delete(w.running, r.task.Task())
	r.task.Abort()
	w.log.Info("task let go", zap.Stringer("task", r.task.Task()))
}

// settleOwnership starts the restore of every task that is wholly ours and not here yet.
func (w *worker) settleOwnership(ctx context.Context) {
	owned := w.balancer.ownership()
	for _, sub := range w.app.topo.Subs {
		for _, p := range owned[sub.Sources[0].Topic] {
			id := topology.TaskID{Sub: sub.ID, Partition: p}
			if w.running[id] != nil || w.opening[id] != nil || !whole(sub, p, owned) {
				continue
			}
			ctx, cancel := context.WithCancel(ctx)
			w.opening[id] = cancel
			opened, wake := w.opened, &w.wake
			go func() {
				opened <- w.restore(ctx, sub, id)
				wake.up()
			}()
		}
	}
}

func whole(sub *topology.Sub, partition int32, owned map[string][]int32) bool {
	for _, src := range sub.Sources {
		if !slices.Contains(owned[src.Topic], partition) {
			return false
		}
	}
	return true
}

func hasSource(sub *topology.Sub, topic string) bool {
	return slices.ContainsFunc(sub.Sources, func(s *topology.SourceNode) bool { return s.Topic == topic })
}

// takeIn builds a restored task and lets its partitions flow.
func (w *worker) takeIn(r restored) error {
	cancel := w.opening[r.id]
	delete(w.opening, r.id)
	if cancel != nil {
		cancel()
	}
	if !whole(w.app.topo.Subs[r.id.Sub], r.id.Partition, w.balancer.ownership()) {
		return nil
	}
	if r.err != nil {
		return r.err
	}
	t, err := task.New(task.Config{
		Sub: r.sub, ID: r.id, Tasks: w.app.topics.partitions[r.sub.Sources[0].Topic], Tables: r.tables, Outbox: w.outbox,
		MaxAhead: w.app.cfg.MaxAhead.Milliseconds(), IdleAfter: w.app.cfg.IdleAfter.Milliseconds(),
	})
	if err != nil {
		return fmt.Errorf("task %s: %w", r.id, err)
	}
	run := &running{task: t, sub: r.sub, stores: r.stores, globals: make([]int, len(w.app.topo.Globals))}
	if err := run.applyGlobals(w.app.globals); err != nil {
		return &stepError{err}
	}
	w.running[r.id] = run
	resume := map[string][]int32{}
	for i, src := range r.sub.Sources {
		if r.committed[i] >= 0 {
			t.Begin(i, r.committed[i])
		}
		w.slots[place{src.Topic, r.id.Partition}] = &slot{run, i}
		resume[src.Topic] = []int32{r.id.Partition}
	}
	w.client.ResumeFetchPartitions(resume)
	w.log.Info("task runs", zap.Stringer("task", r.id))
	return nil
}

// applyGlobals hands the rows of the global tables that are new to the task.
func (r *running) applyGlobals(g *globals) error {
	for i, topic := range g.app.topo.Globals {
		for _, row := range g.since(topic, r.globals[i]) {
			if err := r.task.ApplyGlobal(topic, row); err != nil {
				return err
			}
			r.globals[i]++
		}
	}
	return nil
}
