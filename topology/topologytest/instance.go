package topologytest

import (
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// instance is one process of the app: workers while it runs, and a disk that outlives them.
type instance struct {
	runs bool
	disk *memory.DB
}

// Restart kills every instance and starts them anew: stores reopen, changelog tails are replayed.
func (d *Driver) Restart() {
	d.t.Helper()
	d.start()
}

// Wipe kills every instance, deletes the local state and starts them anew from the changelogs alone.
func (d *Driver) Wipe() {
	d.t.Helper()
	for _, i := range d.instances {
		i.disk = memory.New()
	}
	d.start()
}

// Start starts an instance that was stopped or killed, on the disk that it had; the number after the last one is that of
// a new instance. The others commit and let go of the tasks that it takes.
func (d *Driver) Start(n int) {
	d.t.Helper()
	if n == len(d.instances) {
		d.instances = append(d.instances, &instance{disk: memory.New()})
	}
	i := d.instance(n)
	if i.runs {
		d.t.Fatalf("instance %d runs already", n)
	}
	i.runs = true
	for range d.cfg.Workers {
		d.workers = append(d.workers, newWorker(i))
	}
	d.deal()
}

// Stop ends an instance as SIGTERM does: it commits, and the others take its tasks over.
func (d *Driver) Stop(n int) {
	d.t.Helper()
	i := d.instance(n)
	for _, w := range d.workers {
		if w.home == i && w.dirty() && !d.survives(w) {
			break
		}
	}
	d.Kill(n)
}

// Kill ends an instance as SIGKILL does: what it has not committed is lost, and the others take its tasks over, with what
// they last had of their state. The last instance cannot be killed: see Restart.
func (d *Driver) Kill(n int) {
	d.t.Helper()
	i := d.instance(n)
	if !i.runs {
		d.t.Fatalf("instance %d does not run", n)
	}
	var left []*worker
	for _, w := range d.workers {
		if w.home != i {
			left = append(left, w)
		}
	}
	if len(left) == 0 {
		d.t.Fatalf("instance %d is the last one that runs: use Restart", n)
	}
	i.runs, d.workers = false, left
	d.deal()
}

func (d *Driver) instance(n int) *instance {
	d.t.Helper()
	if n < 0 || n >= len(d.instances) {
		d.t.Fatalf("there is no instance %d, only 0 to %d", n, len(d.instances)-1)
	}
	return d.instances[n]
}

func newWorker(i *instance) *worker {
	return &worker{home: i, outbox: &task.Outbox{}, counters: map[string]int64{}, trials: trials{}}
}

// survives commits a worker and says whether it is still there: a crash in the commit replaces all.
func (d *Driver) survives(w *worker) bool {
	d.t.Helper()
	d.commit(w)
	for _, other := range d.workers {
		if other == w {
			return true
		}
	}
	return false
}

// start makes all workers anew and deals the tasks out to them.
func (d *Driver) start() {
	d.workers = nil
	for _, i := range d.instances {
		for range d.cfg.Workers {
			if i.runs {
				d.workers = append(d.workers, newWorker(i))
			}
		}
	}
	d.deal()
}

// deal gives each task to the worker of its turn. One that moves is committed first, as its whole worker is.
func (d *Driver) deal() {
	d.t.Helper()
	kept := map[topology.TaskID]bool{}
	for _, w := range d.workers {
		moves := func(r *running) bool { return d.turn(r.task.Task()) != w }
		if w.dirty() && anyOf(w.tasks, moves) && !d.survives(w) {
			return // all tasks are dealt out anew
		}
		var stay []*running
		for _, r := range w.tasks {
			if moves(r) {
				r.task.Abort()
				continue
			}
			stay, kept[r.task.Task()] = append(stay, r), true
		}
		w.tasks = stay
	}
	for _, s := range d.topo.Subs {
		for p := range d.tasks(s) {
			id := topology.TaskID{Sub: s.ID, Partition: int32(p)}
			if w := d.turn(id); !kept[id] {
				w.tasks = append(w.tasks, d.open(w, s, int32(p)))
			}
		}
	}
}

// turn is the worker that a task belongs to.
func (d *Driver) turn(id topology.TaskID) *worker { return d.workers[int(id.Partition)%len(d.workers)] }

func anyOf(all []*running, is func(*running) bool) bool {
	for _, r := range all {
		if is(r) {
			return true
		}
	}
	return false
}
