package topologytest

import (
	"fmt"
	"testing"
	"time"

	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// Config says how a topology is run. Zero fields mean the defaults.
type Config struct {
	Tasks      int            // partitions of topics and tasks of each sub-topology; default 1
	Partitions map[string]int // of topics that differ
	Instances  int            // processes that share the tasks, each with a disk of its own; default 1
	Workers    int            // tasks are dealt out to this many workers of each, with transactions of their own; default 1
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
	c.Tasks, c.Instances, c.Workers = max(c.Tasks, 1), max(c.Instances, 1), max(c.Workers, 1)
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
	instances []*instance      // by number, as Start and Kill take it
	workers   []*worker        // of the instances that run
	crash     Step
	lost      lostAnswer
}

// New starts an app on empty topics. Outside of a test, as in an Example, t is nil: a fault panics.
func New(t testing.TB, topo *topology.Topology, cfg Config) *Driver {
	if t == nil {
		t = panics{}
	}
	t.Helper()
	cfg.defaults(topo.App)
	d := &Driver{t: t, topo: topo, cfg: cfg, wall: cfg.Wall, topics: map[string]*topic{}, committed: map[string]int64{}}
	for range cfg.Instances {
		d.instances = append(d.instances, &instance{runs: true, disk: memory.New()})
	}
	d.fill()
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

// Run processes and commits until no task has anything left to do. A topology that feeds its own source for ever fails
// the test.
func (d *Driver) Run() {
	d.t.Helper()
	var c course
	for again := true; again; {
		again = false
		records := 0
		for i := range d.workers { // a crash replaces all of them
			for n := d.step(d.workers[i], 1<<20); n > 0; n = d.step(d.workers[i], 1<<20) {
				again, records = true, records+n
			}
			if d.workers[i].dirty() {
				d.commit(d.workers[i])
				again = true
			}
		}
		d.bound(&c, records)
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

// Counter sums a counter over the tasks since the last restart.
func (d *Driver) Counter(name string) int64 {
	var sum int64
	for _, w := range d.workers {
		w.collect()
		sum += w.counters[name]
	}
	return sum
}

// panics stands for a test where there is none.
type panics struct{ testing.TB }

func (panics) Helper()                           {}
func (panics) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (panics) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (d *Driver) check(err error) {
	d.t.Helper()
	if err != nil {
		text := err.Error()
		if stack := task.Stack(err); len(stack) > 0 {
			text += "\n" + string(stack)
		}
		d.t.Fatal(text)
	}
}

func place(topic string, partition int32) string { return fmt.Sprintf("%s/%d", topic, partition) }
