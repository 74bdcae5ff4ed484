package topologytest

import (
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// Step is one of the five steps of a commit.
type Step int

// The steps, in order. Up to AfterOffsets a crash leaves nothing behind; AfterEndTxn the log has
// everything and the engine nothing; AfterBatch both have it.
const (
	NoCrash Step = iota
	AfterFlush
	AfterProduce
	AfterOffsets
	AfterEndTxn
	AfterBatch
)

// worker is a group of tasks with one outbox and one transaction at a time.
type worker struct {
	home     *instance
	tasks    []*running
	outbox   *task.Outbox
	counters map[string]int64
	trials   trials
}

// running is a task with what its worker keeps for it.
type running struct {
	task    *task.Task
	tables  []*state.Table
	stores  []state.Store
	fetched []int64 // next offset to fetch, by source
	globals []int64 // next offset to apply, by global table
	commits int
}

func (w *worker) dirty() bool {
	for _, r := range w.tasks {
		if r.task.Dirty() {
			return true
		}
	}
	return false
}

func (w *worker) collect() {
	for _, r := range w.tasks {
		r.task.Counters(func(name string, n int64) { w.counters[name] += n })
	}
}

// step polls, applies globals, processes up to limit records and punctuates. A record that fails counts as one: what
// its worker has not committed is to be done again.
func (d *Driver) step(w *worker, limit int) (n int) {
	d.t.Helper()
	for _, r := range w.tasks {
		d.poll(r)
		did, err := 0, error(nil)
		if n < limit {
			did, err = r.task.Process(limit - n)
		}
		if err == nil {
			d.quiet(r)
			d.check(r.task.Advance(d.wall))
			if n < limit && did == 0 && waits(r.task) { // for a time that has come now
				did, err = r.task.Process(limit - n)
			}
		}
		if n += did; err != nil {
			d.failed(w, r.task.Sub(), err)
			return n + 1
		}
	}
	return n
}

// waits says that a task has records that it did not process.
func waits(t *task.Task) bool {
	for i := range t.Sub().Sources {
		if t.Queued(i) > 0 {
			return true
		}
	}
	return false
}

// poll hands new rows of globals and new records to a task.
func (d *Driver) poll(r *running) {
	for i, name := range d.topo.Globals {
		log := d.topic(name).partitions[0]
		for ; r.globals[i] < int64(len(log)); r.globals[i]++ {
			if rec := log[r.globals[i]]; !rec.marker {
				d.check(r.task.ApplyGlobal(name, topology.GlobalRow{Key: rec.Key, Value: rec.Value, Offset: rec.Offset}))
			}
		}
	}
	for i, src := range r.task.Sub().Sources {
		log := d.topic(src.Topic).partitions[r.task.Task().Partition]
		var records []task.Record
		for ; r.fetched[i] < int64(len(log)); r.fetched[i]++ {
			if rec := log[r.fetched[i]]; !rec.marker {
				records = append(records, rec.Record)
			}
		}
		if len(records) > 0 {
			r.task.Add(i, records)
		}
	}
}

// quiet tells a task which of its sources have nothing more.
func (d *Driver) quiet(r *running) {
	for i, src := range r.task.Sub().Sources {
		if r.fetched[i] == d.topic(src.Topic).end(r.task.Task().Partition) {
			r.task.Quiet(i, d.wall)
		}
	}
}

// CrashAt makes the next commit of a worker stop after a step; every worker is then restarted.
func (d *Driver) CrashAt(step Step) { d.crash = step }

// commit is the worker's five steps. A crash loses what is not yet in the logs or on the disk.
func (d *Driver) commit(w *worker) {
	d.t.Helper()
	crash, lost := d.crash, d.lost
	d.crash, d.lost = NoCrash, answered
	for _, r := range w.tasks {
		if r.task.Dirty() {
			d.check(r.task.Flush())
		}
	}
	if crash != NoCrash && crash < AfterEndTxn {
		if crash > AfterFlush {
			d.abort(w)
		}
		d.start()
		return
	}
	if lost == lostAborted {
		d.abort(w)
		d.reopen(w)
		return
	}
	next := d.produce(w)
	for _, r := range w.tasks {
		for i, src := range r.task.Sub().Sources {
			if at := r.task.Next(i); at >= 0 {
				d.committed[place(src.Topic, r.task.Task().Partition)] = at
			}
		}
	}
	if crash == AfterEndTxn {
		d.start()
		return
	}
	if lost == lostCommitted {
		d.reopen(w)
		return
	}
	w.collect()
	d.apply(w, next)
	w.outbox.Reset()
	if crash == AfterBatch {
		d.start()
	}
}

// lostAnswer is what became of a transaction whose EndTxn got no answer.
type lostAnswer int

const (
	answered lostAnswer = iota
	lostCommitted
	lostAborted
)

// LoseAnswer makes the next commit of a worker end with an outcome that the worker does not learn: committed says what the
// broker did. The worker drops what it has in memory and goes on from what the broker and the changelogs say.
func (d *Driver) LoseAnswer(committed bool) {
	d.lost = lostAborted
	if committed {
		d.lost = lostCommitted
	}
}

// reopen is the next session of a worker: its tasks are restored from the disk and the changelogs.
func (d *Driver) reopen(w *worker) {
	d.t.Helper()
	w.outbox = &task.Outbox{}
	for i, r := range w.tasks {
		id := r.task.Task()
		r.task.Abort()
		w.tasks[i] = d.open(w, r.task.Sub(), id.Partition)
	}
}

// logged is a store's changelog of one task.
type logged struct {
	task  *task.Task
	store int
}

// produce appends the outbox to the logs, then the markers; it gives the end of each changelog.
func (d *Driver) produce(w *worker) map[logged]int64 {
	touched := map[*topic]map[int32]bool{}
	next := map[logged]int64{}
	for _, e := range w.outbox.Entries() {
		name, partitions := d.target(e)
		for _, p := range partitions {
			t := d.topic(name)
			t.add(p, task.Record{Appended: d.stamp(e), Key: clone(e.Key), Value: clone(e.Value), Headers: e.Headers})
			if touched[t] == nil {
				touched[t] = map[int32]bool{}
			}
			touched[t][p] = true
			if e.Kind == task.ToChangelog {
				next[logged{e.Task, e.Index}] = t.end(p)
			}
		}
	}
	for t, partitions := range touched {
		for p := range partitions {
			t.mark(p)
		}
	}
	return next
}

// stamp is the append time of an entry: its event time, and only without one the wall time.
func (d *Driver) stamp(e task.Entry) int64 {
	if e.Time > 0 {
		return e.Time
	}
	return d.wall
}

// abort leaves what a transaction that is given up leaves in the logs: offsets that nobody reads.
func (d *Driver) abort(w *worker) {
	for _, e := range w.outbox.Entries() {
		name, partitions := d.target(e)
		for _, p := range partitions {
			d.topic(name).mark(p)
		}
	}
}

// target is the topic and the partitions of an entry.
func (d *Driver) target(e task.Entry) (string, []int32) {
	sub := e.Task.Sub()
	switch e.Kind {
	case task.ToDeadLetters:
		return d.cfg.DeadLetter, []int32{0}
	case task.ToLate:
		return d.cfg.Late, []int32{0}
	case task.ToChangelog:
		return sub.Changelog(sub.Stores[e.Index]), []int32{e.Partition}
	}
	sink := sub.Sinks[e.Index]
	n := len(d.topic(sink.Topic).partitions)
	switch {
	case e.Partition == task.EveryPartition:
		all := make([]int32, n)
		for p := range all {
			all[p] = int32(p)
		}
		return sink.Topic, all
	case e.Partition >= 0:
		return sink.Topic, []int32{e.Partition}
	}
	return sink.Topic, []int32{sink.Partition(e.Key, n)}
}

// apply is step five. The engine is written after every other commit: a restart then finds a store
// that is behind its changelog as often as one that is not.
func (d *Driver) apply(w *worker, next map[logged]int64) {
	var batch state.Batch
	for _, r := range w.tasks {
		if !r.task.Dirty() {
			continue
		}
		r.task.Commit(func(store int) int64 {
			if at, ok := next[logged{r.task, store}]; ok {
				return at
			}
			return -1
		})
		if r.commits++; r.commits%2 == 0 {
			d.check(r.task.Checkpoint(&batch, r.stores, d.wall))
		}
	}
}

func clone(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append([]byte{}, b...)
}
