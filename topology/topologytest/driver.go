package topologytest

import (
	"fmt"
	"testing"
	"time"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// Config says how a topology is run. Zero fields mean the defaults.
type Config struct {
	Tasks      int            // partitions of topics and tasks of each sub-topology; default 1
	Partitions map[string]int // of topics that differ
	Workers    int            // tasks are dealt out to this many workers, each with its own transactions; default 1
	Wall       int64          // wall time at the start, Unix ms; default 2026-01-01
	IdleAfter  time.Duration
	MaxAhead   time.Duration // default 5 min
	DeadLetter string        // topic; default <app>.dlq
	Late       string        // topic; default <app>.late
	CacheBytes int64         // of each table; default 1 MiB
}

func (c *Config) defaults(app string) {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&c.DeadLetter, app+".dlq")
	set(&c.Late, app+".late")
	c.Tasks, c.Workers = max(c.Tasks, 1), max(c.Workers, 1)
	if c.Wall == 0 {
		c.Wall = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	}
	if c.MaxAhead == 0 {
		c.MaxAhead = 5 * time.Minute
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = 1 << 20
	}
}

// Driver runs one app in a test. It is used from the test's goroutine.
type Driver struct {
	t         testing.TB
	topo      *topology.Topology
	cfg       Config
	wall      int64
	topics    map[string]*topic
	committed map[string]int64 // of the group: topic/partition -> next offset
	disk      *memory.DB
	workers   []*worker
	crash     Step
}

// New starts an app on empty topics. Outside of a test, as in an Example, t is nil: a fault panics.
func New(t testing.TB, topo *topology.Topology, cfg Config) *Driver {
	if t == nil {
		t = panics{}
	}
	t.Helper()
	cfg.defaults(topo.App)
	d := &Driver{t: t, topo: topo, cfg: cfg, wall: cfg.Wall, topics: map[string]*topic{}, committed: map[string]int64{}, disk: memory.New()}
	for _, s := range topo.Subs {
		for _, src := range s.Sources {
			d.topic(src.Topic)
		}
		for _, store := range s.Stores {
			if name := s.Changelog(store); d.topics[name] == nil {
				d.topics[name] = newTopic(d.tasks(s))
			}
		}
	}
	for _, name := range append([]string{cfg.DeadLetter, cfg.Late}, topo.Globals...) {
		if d.topics[name] == nil {
			d.topics[name] = newTopic(1)
		}
	}
	d.start()
	return d
}

// Wall is the wall time in Unix ms.
func (d *Driver) Wall() int64 { return d.wall }

// Advance moves the wall clock and runs what that makes due, a second at a time.
func (d *Driver) Advance(by time.Duration) {
	d.t.Helper()
	for by > 0 {
		step := min(by, time.Second)
		d.wall += step.Milliseconds()
		by -= step
		d.Run()
	}
}

// Run processes and commits until no task has anything left to do.
func (d *Driver) Run() {
	d.t.Helper()
	for again := true; again; {
		again = false
		for i := range d.workers { // a crash replaces all of them
			for d.step(d.workers[i], 1<<20) > 0 {
				again = true
			}
			if d.workers[i].dirty() {
				d.commit(d.workers[i])
				again = true
			}
		}
	}
}

// Step processes one record of the first task that has one, without a commit; false if there was none.
func (d *Driver) Step() bool {
	d.t.Helper()
	for _, w := range d.workers {
		if d.step(w, 1) > 0 {
			return true
		}
	}
	return false
}

// Commit commits what every worker has done.
func (d *Driver) Commit() {
	d.t.Helper()
	for i := range d.workers {
		if d.workers[i].dirty() {
			d.commit(d.workers[i])
		}
	}
}

// Restart kills every worker and starts anew: stores reopen, changelog tails are replayed.
func (d *Driver) Restart() {
	d.t.Helper()
	d.start()
}

// Wipe kills every worker, deletes the local state and starts anew from the changelogs alone.
func (d *Driver) Wipe() {
	d.t.Helper()
	d.disk = memory.New()
	d.start()
}

// Counter sums a counter over the tasks since the last restart.
func (d *Driver) Counter(name string) int64 {
	var sum int64
	for _, w := range d.workers {
		w.collect()
		sum += w.counters[name]
	}
	return sum
}

func (d *Driver) start() {
	d.workers = nil
	for i := range d.cfg.Workers {
		w := &worker{id: i, outbox: &task.Outbox{}, counters: map[string]int64{}}
		d.workers = append(d.workers, w)
	}
	for _, s := range d.topo.Subs {
		for p := range d.tasks(s) {
			w := d.workers[p%len(d.workers)]
			w.tasks = append(w.tasks, d.open(w, s, int32(p)))
		}
	}
}

// tasks is the number of tasks of a sub-topology.
func (d *Driver) tasks(s *topology.Sub) int {
	n := 0
	for _, src := range s.Sources {
		n = max(n, len(d.topic(src.Topic).partitions))
	}
	return n
}

// open restores a task and builds it.
func (d *Driver) open(w *worker, s *topology.Sub, partition int32) *running {
	id := topology.TaskID{Sub: s.ID, Partition: partition}
	r := &running{}
	for i, def := range s.Stores {
		store := d.disk.Store(storeName(id, def.Name))
		table := state.NewTable(def.Name, i, store, d.cfg.CacheBytes)
		d.check(d.restore(s, def, table, partition))
		r.stores, r.tables = append(r.stores, store), append(r.tables, table)
	}
	t, err := task.New(task.Config{
		Sub: s, ID: id, Tasks: d.tasks(s), Tables: r.tables, Outbox: w.outbox,
		MaxAhead: d.cfg.MaxAhead.Milliseconds(), IdleAfter: d.cfg.IdleAfter.Milliseconds(),
	})
	d.check(err)
	r.task = t
	for i, src := range s.Sources {
		at := d.committed[place(src.Topic, partition)]
		if next := t.Next(i); next >= 0 && next != at {
			d.t.Fatalf("task %s: state reflects %s up to %d, committed is %d", id, src.Topic, next, at)
		}
		t.Begin(i, at)
		r.fetched = append(r.fetched, at)
	}
	r.globals = make([]int64, len(d.topo.Globals))
	return r
}

// restore replays the tail of a changelog into a table.
func (d *Driver) restore(s *topology.Sub, def topology.Store, table *state.Table, partition int32) error {
	var batch state.Batch
	checkpoint, err := d.tail(s, def, table.Store(), partition, func(key, value []byte) { table.Restore(&batch, key, value) })
	if err != nil {
		return err
	}
	batch.SetCheckpoint(checkpoint)
	return table.Store().Apply(&batch)
}

// tail visits the committed changes that a store does not contain and gives its checkpoint with them.
func (d *Driver) tail(s *topology.Sub, def topology.Store, store state.Store, partition int32, visit func(key, value []byte)) (state.Checkpoint, error) {
	name := s.Changelog(def)
	checkpoint, _, err := store.Checkpoint()
	if err != nil {
		return checkpoint, err
	}
	log := d.topic(name).partitions[partition]
	end := int64(len(log))
	if def.SourceTopic != "" {
		end = d.committed[place(name, partition)]
	}
	for _, rec := range log[min(checkpoint.ChangelogOffset, end):end] {
		if !rec.marker {
			visit(rec.Key, rec.Value)
		}
	}
	checkpoint.ChangelogOffset = end
	return checkpoint, nil
}

// panics stands for a test where there is none.
type panics struct{ testing.TB }

func (panics) Helper()                           {}
func (panics) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (panics) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (d *Driver) check(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func place(topic string, partition int32) string { return fmt.Sprintf("%s/%d", topic, partition) }
