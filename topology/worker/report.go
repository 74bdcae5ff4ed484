package worker

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// Report says what a worker is at. Nothing of it changes afterwards.
type Report struct {
	Worker     string            // its id in the group
	Failed     error             // what ended the session; nil: it goes on, or the app stops
	Rebalances int64             // assignments taken since the app started
	Running    []TaskReport      // none after the end of a session
	Restoring  []topology.TaskID // likewise
	DiskBytes  int64             // of all stores of the app; told by its first worker alone
	HeldBack   []string          // source topics that wait for the readers of a repartition topic; likewise
	Standbys   []StandbyReport   // of the app, by task; likewise
}

// TaskReport is a task that runs.
type TaskReport struct {
	ID         topology.TaskID
	Sub        string          // name of its sub-topology
	StreamTime int64           // Unix ms; MinInt64 before the first event time
	Watermark  int64           // the last one sent, likewise
	Idle       bool            // as said with it
	HeldBy     topology.TaskID // the upstream task with the least watermark
	Held       bool            // there is one
	Inputs     []InputReport
	Cache      state.Stats // of all its stores
}

// InputReport is the partition of a source topic that a task reads.
type InputReport struct {
	Topic    string
	Position int64 // offset before which all is processed; control records count where nothing is queued
	Queued   int   // records fetched and not processed
}

// reportEvery is the time between two reports of a worker.
const reportEvery = time.Second

// observe tells the hooks of a commit, and the alarm, whose error it gives.
func (w *worker) observe(touched []*running, records int, now time.Time) error {
	hooks := &w.app.cfg.Hooks
	if hooks.Committed != nil {
		hooks.Committed(w.n, records, w.pace.took)
	}
	all, aside := int64(0), int64(0)
	for _, r := range touched {
		n, unread := r.task.Aside()
		all, aside = all+r.records+unread, aside+n
		if hooks.Processed != nil && r.records > 0 {
			hooks.Processed(r.sub.Name, r.records)
		}
		r.records = 0
		if hooks.Counted != nil {
			r.task.Counters(hooks.Counted)
		}
	}
	return w.app.watch(now, all, aside)
}

// tell tells the hooks of the records that a commit has put aside.
func (t *transaction) tell(hooks *Hooks) {
	call := func(hook func(*kgo.Record), r *kgo.Record) {
		if hook != nil {
			hook(r)
		}
	}
	if hooks.DeadLetter == nil && hooks.Late == nil {
		return
	}
	for i, e := range t.entries {
		switch e.Kind {
		case task.ToDeadLetters:
			call(hooks.DeadLetter, &t.records[i])
		case task.ToLate:
			call(hooks.Late, &t.records[i])
		}
	}
	for i := range t.letters {
		call(hooks.DeadLetter, &t.letters[i])
	}
}

// tellRebalance tells of the tasks that are wholly ours by an assignment.
func (w *worker) tellRebalance(owned map[string][]int32) {
	hook := w.app.cfg.Hooks.Rebalanced
	if hook == nil {
		return
	}
	var tasks []topology.TaskID
	for _, sub := range w.app.topo.Subs {
		for _, p := range owned[sub.Sources[0].Topic] {
			if whole(sub, p, owned) {
				tasks = append(tasks, topology.TaskID{Sub: sub.ID, Partition: p})
			}
		}
	}
	hook(w.n, tasks)
}

func (w *worker) reportIfDue(now time.Time) {
	if w.app.cfg.Hooks.Reported != nil && now.Sub(w.reported) >= reportEvery {
		w.reported = now
		w.app.cfg.Hooks.Reported(w.describe())
	}
}

// report tells of the end of a session: the next one begins with nothing.
func (w *worker) report(failed error) {
	if hook := w.app.cfg.Hooks.Reported; hook != nil {
		w.reported = time.Time{}
		r := w.newReport()
		r.Failed = failed
		hook(r)
	}
}

func (w *worker) newReport() Report {
	r := Report{Worker: w.id, Rebalances: w.rebalances.Load()}
	if w.n == 0 {
		r.DiskBytes, r.HeldBack, r.Standbys = w.app.engine.bytes(), w.app.sources.heldBack(), w.app.copies.reports()
	}
	return r
}

func (w *worker) describe() Report {
	r := w.newReport()
	for _, run := range w.running {
		r.Running = append(r.Running, w.describeTask(run))
	}
	for id := range w.opening {
		r.Restoring = append(r.Restoring, id)
	}
	return r
}

func (w *worker) describeTask(run *running) TaskReport {
	t, p := run.task, run.task.Position()
	r := TaskReport{
		ID: t.Task(), Sub: run.sub.Name, StreamTime: p.StreamTime, Watermark: p.Watermark, Idle: p.Idle, Cache: t.CacheStats(),
	}
	if source, partition, ok := t.HeldBy(); ok {
		r.HeldBy, r.Held = w.app.upstream(run.sub.Sources[source].Topic, partition)
	}
	for i, src := range run.sub.Sources {
		in := InputReport{Topic: src.Topic, Position: t.Next(i), Queued: t.Queued(i)}
		if in.Queued == 0 {
			in.Position = max(in.Position, w.quiet.reached[place{src.Topic, r.ID.Partition}].next)
		}
		r.Inputs = append(r.Inputs, in)
	}
	return r
}

// upstream is the task of a number that writes a repartition topic.
func (a *App) upstream(topic string, partition int) (topology.TaskID, bool) {
	for _, sub := range a.topo.Subs {
		if slices.ContainsFunc(sub.Sinks, func(s *topology.SinkNode) bool { return s.Topic == topic && s.Watermarks }) {
			return topology.TaskID{Sub: sub.ID, Partition: int32(partition)}, true
		}
	}
	return topology.TaskID{}, false
}
