package task

import (
	"fmt"
	"math"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// Config is what a task is made of.
type Config struct {
	Sub        *topology.Sub
	ID         topology.TaskID
	Tasks      int            // number of tasks of the sub-topology
	Tables     []*state.Table // restored, in the order of Sub.Stores
	Changelogs [][16]byte     // topic ids of their changelogs; nil: not known
	Outbox     *Outbox        // shared by the tasks of a worker
	MaxAhead   int64          // ms that a record may lie ahead of its append time
	IdleAfter  int64          // ms of quiet after which the task is idle; 0: max(1 s, grace)
	Trials     Trials
	Timed      func(node string, ns int64) // told how long nodes take, of a sample of the records
	Clock      func() int64                // ns, for Timed
}

// Task runs one sub-topology on one partition. It implements topology.Context.
type Task struct {
	cfg      Config
	inst     *topology.Instance
	queues   []*queue
	tables   map[string]*state.Table
	own      *state.Table // the task store
	current  topology.Source
	shown    *queue // whose head current is
	clock    clock
	upstream vector
	flushes  []func() error
	globals  map[string][]func(topology.GlobalRow) error
	counters map[string]*topology.Counter
	dirty    bool
	ahead    []int64          // by store: changelog offset committed and not in the engine, -1 for none
	layouts  []keptLayout     // to be written by the next flush
	closed   map[string]int64 // by store
	scratch  []byte

	punctuators map[string]bool // the names that are taken
	trace       *topology.Trace // nil: records are not followed
	stepping    bool            // a record goes through the nodes
	trial       trial
	tally       tally
	condemned   map[string]map[int64]Sentence // by source topic and offset
}

// New restores a task from its tables and builds its graph. Globals are applied after it, before any record.
func New(cfg Config) (*Task, error) {
	t := &Task{
		cfg:      cfg,
		tables:   map[string]*state.Table{},
		globals:  map[string][]func(topology.GlobalRow) error{},
		counters: map[string]*topology.Counter{},
		closed:   map[string]int64{},

		punctuators: map[string]bool{},
	}
	for i, store := range cfg.Sub.Stores {
		t.tables[store.Name] = cfg.Tables[i]
		t.ahead = append(t.ahead, -1)
	}
	t.own = t.tables[cfg.Sub.TaskStore()]
	for _, src := range cfg.Sub.Sources {
		t.queues = append(t.queues, &queue{source: src, greatest: math.MinInt64, next: -1})
	}
	t.clock = newClock(cfg.IdleAfter)
	if t.cfg.Changelogs == nil {
		t.cfg.Changelogs = make([][16]byte, len(cfg.Tables))
	}
	if err := t.load(); err != nil {
		return nil, fmt.Errorf("task %s: %w", cfg.ID, err)
	}
	t.trial.again = cfg.Trials.Again
	for topic, at := range cfg.Trials.Condemned {
		for offset, s := range at {
			t.condemn(topic, offset, s)
		}
	}
	if t.cfg.follows() {
		t.trace = &topology.Trace{Timed: cfg.Timed, Clock: cfg.Clock}
	}
	if err := t.instantiate(); err != nil {
		return nil, err
	}
	for i := range t.queues {
		t.queues[i].input = t.inst.Inputs[i]
	}
	return t, nil
}

// instantiate builds the graph and initialises its processors.
func (t *Task) instantiate() (err error) {
	defer caught(&err)
	t.inst, err = t.cfg.Sub.Instantiate(t, t.trace)
	return err
}

// load reads the position and the watermark vector.
func (t *Task) load() error {
	row, ok, err := t.own.Get(positionKey)
	if err != nil {
		return err
	}
	if ok {
		p, err := ParsePosition(row)
		if err != nil {
			return err
		}
		t.resume(p)
	}
	if err := t.checkLayouts(); err != nil {
		return err
	}
	return t.upstream.load(t.own)
}

// resume takes up a position; sources are matched by topic, so a topology may gain some.
func (t *Task) resume(p Position) {
	t.clock.stream, t.clock.sent, t.clock.sentIdle = p.StreamTime, p.Watermark, p.Idle
	for _, in := range p.Inputs {
		for _, q := range t.queues {
			if q.source.Topic == in.Topic {
				q.next, q.greatest = in.Next, in.Greatest
			}
		}
	}
}

// Sub is the sub-topology that the task runs.
func (t *Task) Sub() *topology.Sub { return t.cfg.Sub }

// Tables are the tables of the stores, in the order of Sub.Stores.
func (t *Task) Tables() []*state.Table { return t.cfg.Tables }

// Add queues records of a source of the sub-topology, in offset order.
func (t *Task) Add(source int, records []Record) { copy(t.Grow(source, len(records)), records) }

// Grow queues n records of a source, which the caller fills in before it calls anything else.
func (t *Task) Grow(source, n int) []Record { return t.queues[source].grow(n) }

// Queued is the number of unprocessed records of a source.
func (t *Task) Queued(source int) int { return t.queues[source].len() }

// Next is the offset after the last processed record of a source, -1 if there was none.
func (t *Task) Next(source int) int64 { return t.queues[source].next }

// Begin gives a source its first offset where nothing has been processed yet.
func (t *Task) Begin(source int, offset int64) {
	if t.queues[source].next < 0 {
		t.queues[source].next = offset
	}
}

// Jump has a source go on at an offset, whatever was processed of it.
func (t *Task) Jump(source int, offset int64) {
	t.queues[source].next = offset
	t.dirty = true
}

// Touch has the next commit include the task, though nothing has happened to it.
func (t *Task) Touch() { t.dirty = true }

// Dirty says whether anything happened since the last commit.
func (t *Task) Dirty() bool { return t.dirty }

// ApplyGlobal hands a row of a global table to the processors, between two steps.
func (t *Task) ApplyGlobal(topic string, row topology.GlobalRow) (err error) {
	defer t.named("global table "+topic, &err)
	t.current, t.shown = topology.Source{}, nil
	for _, apply := range t.globals[topic] {
		if err := apply(row); err != nil {
			return fmt.Errorf("row at offset %d: %w", row.Offset, err)
		}
		t.dirty = true
	}
	return nil
}

// Counters hands over what was counted since the last call.
func (t *Task) Counters(visit func(name string, n int64)) {
	for name, c := range t.counters {
		if c.N != 0 {
			visit(name, c.N)
			c.N = 0
		}
	}
}

// DirtyBytes is the size of the rows changed since the last commit.
func (t *Task) DirtyBytes() int64 {
	var n int64
	for _, table := range t.cfg.Tables {
		n += table.DirtyBytes()
	}
	return n
}
