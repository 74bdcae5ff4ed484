package worker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
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
	written time.Time // when the engine was last written
	globals []int     // by global table: number of the next row
	records int64     // processed since the last commit
	stride  int       // records to process between two looks at the clock
	marks   string    // of its changelogs, for the metadata of its offsets
	alone   alone     // without transactions
}

// opening is a task that is being restored.
type opening struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when the restore has let go of the stores
}

// stop returns when nothing of the restore touches the stores any more: the next owner may be a
// worker of this process, with the same rows.
func (o *opening) stop() {
	o.cancel()
	<-o.done
}

// move is what a rebalance callback asks of the loop; done is closed when it is carried out.
type move struct {
	gone   map[string][]int32 // partitions to let go of
	commit bool               // they are still ours: commit first
	done   chan struct{}
}

// door is where the callbacks of one session's client hand moves to its loop.
type door struct {
	moves   chan move
	wake    *wake
	session context.Context
}

// assigned runs on the client's goroutine: new partitions wait, paused, until their task is restored.
func (d *door) assigned(cl *kgo.Client, added map[string][]int32) {
	cl.PauseFetchPartitions(added)
	d.put(move{})
}

// revoked runs on the client's goroutine and waits until the loop has let go: only then may the
// partitions go to another member.
func (d *door) revoked(gone map[string][]int32, commit bool) {
	m := move{gone: gone, commit: commit, done: make(chan struct{})}
	d.put(m)
	select {
	case <-m.done:
	case <-d.session.Done():
	}
}

func (d *door) put(m move) {
	select {
	case d.moves <- m:
		d.wake.up()
	case <-d.session.Done():
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
	if m.done == nil {
		return w.settleOwnership(ctx)
	}
	defer close(m.done)
	if !m.commit {
		w.letGoAll()
		return nil
	}
	if w.dirty() {
		if err := w.commit(ctx); err != nil {
			return err
		}
	}
	return w.letGo(m.gone)
}

// letGoAll drops everything, uncommitted: the group has gone on without this member. What waits in
// the outbox will be made again by the next owners.
func (w *worker) letGoAll() {
	for _, r := range w.running {
		w.drop(r)
	}
	for id, o := range w.opening {
		w.stopRestore(id, o)
	}
	w.outbox.Reset()
	w.balancer.forget()
	w.member = ""
}

// letGo drops the tasks of partitions that go to others, with nothing left to replay: the next
// owner may be a worker of this process.
func (w *worker) letGo(gone map[string][]int32) error {
	for topic, partitions := range gone {
		for _, p := range partitions {
			if s := w.slots[place{topic, p}]; s != nil {
				if err := w.checkpoint(s.run); err != nil {
					return err
				}
				w.drop(s.run)
			}
			for id, o := range w.opening {
				if id.Partition == p && hasSource(w.app.topo.Subs[id.Sub], topic) {
					w.stopRestore(id, o)
				}
			}
		}
	}
	return nil
}

func (w *worker) stopRestore(id topology.TaskID, o *opening) {
	o.stop()
	delete(w.opening, id)
	w.app.desk.drop(id, w)
}

func (w *worker) drop(r *running) {
	w.app.desk.drop(r.task.Task(), w)
	for _, src := range r.sub.Sources {
		at := place{src.Topic, r.task.Task().Partition}
		delete(w.slots, at)
		w.quiet.forget(at)
	}
	delete(w.running, r.task.Task())
	r.task.Abort()
	w.log.Info("task let go", zap.Stringer("task", r.task.Task()))
}

// settleOwnership starts the restore of every task that is wholly ours and not here yet.
func (w *worker) settleOwnership(ctx context.Context) error {
	if err := w.sameMember(); err != nil {
		return err
	}
	owned := w.balancer.ownership()
	w.tellRebalance(owned)
	for _, sub := range w.app.topo.Subs {
		for _, p := range owned[sub.Sources[0].Topic] {
			id := topology.TaskID{Sub: sub.ID, Partition: p}
			if r := w.running[id]; r != nil {
				w.resume(r) // the callback may have paused it after it was taken in
			} else if w.opening[id] == nil && whole(sub, p, owned) {
				w.startRestore(ctx, sub, id)
			}
		}
	}
	return nil
}

// sameMember fails when the group has put this member out and in again since its first task: its
// partitions may have been another's meanwhile, though no callback has said so.
func (w *worker) sameMember() error {
	id, _ := w.client.GroupMetadata()
	if w.member == "" {
		w.member = id
	}
	if id != w.member {
		return fmt.Errorf("membership of %s was lost and is another now: %w", w.member, kerr.UnknownMemberID)
	}
	return nil
}

func (w *worker) startRestore(ctx context.Context, sub *topology.Sub, id topology.TaskID) {
	ctx, cancel := context.WithCancel(ctx)
	o := &opening{cancel: cancel, done: make(chan struct{})}
	w.opening[id] = o
	w.app.desk.put(id, holder{worker: w})
	opened, wake := w.opened, &w.wake
	go func() {
		r := w.restore(ctx, sub, id)
		r.of = o
		close(o.done)
		select {
		case opened <- r:
			wake.up()
		case <-ctx.Done():
		}
	}()
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

// takeIn lets the partitions of a restored task flow. The result of a restore that was stopped is of no use: another
// member may have gone on from there.
func (w *worker) takeIn(r restored) error {
	if w.opening[r.id] != r.of {
		return nil
	}
	delete(w.opening, r.id)
	r.of.cancel()
	if !whole(w.app.topo.Subs[r.id.Sub], r.id.Partition, w.balancer.ownership()) {
		w.app.desk.drop(r.id, w)
		return nil
	}
	run, err := w.build(&r)
	if err != nil {
		w.app.desk.drop(r.id, w) // it is neither opening nor running: the end of the session does not come to it
		return err
	}
	w.begin(&r, run)
	return nil
}

// build makes the task of a restored state.
func (w *worker) build(r *restored) (*running, error) {
	if r.err != nil {
		return nil, r.err
	}
	if err := r.putBack(); err != nil {
		return nil, err
	}
	topics := w.app.topics
	t, err := task.New(task.Config{
		Changelogs: topics.changelogs(r.sub),
		Sub:        r.sub, ID: r.id, Tasks: topics.partitions[r.sub.Sources[0].Topic], Tables: r.tables, Outbox: w.outbox,
		MaxAhead: w.app.cfg.MaxAhead.Milliseconds(), IdleAfter: w.app.cfg.IdleAfter.Milliseconds(),
		Trials: w.trials(r), Timed: w.app.cfg.Hooks.Timed, Clock: nanoseconds,
	})
	if err != nil {
		return nil, failedAt(r.id, "start", fmt.Errorf("task %s: %w", r.id, err))
	}
	run := &running{task: t, sub: r.sub, alone: r.alone, marks: topics.marks(r.sub), stores: r.stores, written: time.Now(), globals: make([]int, len(w.app.topo.Globals))}
	if err := run.applyGlobals(w.app.globals); err != nil {
		return nil, failedAt(r.id, "global tables", err)
	}
	return run, nil
}

// begin has a task go on where its state ends.
func (w *worker) begin(r *restored, run *running) {
	w.running[r.id] = run
	for i, src := range r.sub.Sources {
		run.task.Begin(i, r.begin[i])
		w.slots[place{src.Topic, r.id.Partition}] = &slot{run: run, source: i}
	}
	if len(r.torn) > 0 || r.ahead {
		run.task.Touch()
	}
	w.passOver(r, run)
	w.resume(run)
	w.app.desk.put(r.id, holder{worker: w, runs: true})
	w.log.Info("task runs", zap.Stringer("task", r.id))
}

// applyGlobals hands the rows of the global tables that are new to the task.
func (r *running) applyGlobals(g *globals) error {
	for i, topic := range g.app.topo.Globals {
		for _, row := range g.since(topic, r.globals[i]) {
			if err := r.task.ApplyGlobal(topic, row.GlobalRow); err != nil {
				return err
			}
			r.globals[i] = row.number + 1
		}
	}
	return nil
}
