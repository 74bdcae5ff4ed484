package task_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// base is 2026-01-01T00:00:00Z in Unix ms; the times of these tests are ms after it.
const base = 1767225600000

type (
	record  = topology.Record[string, int64]
	stream  = topology.Stream[string, int64]
	forward = topology.Forward[string, int64]
)

// timed is a source whose values are event times.
func timed(b *topology.Builder, topic string) stream {
	return topology.FromTimed(b, topic, codecs.String, codecs.Int64, func(rec *record, _ *topology.Source) (int64, bool) { return base + rec.Value, true })
}

// harness runs one task of the first sub-topology and keeps what a worker would keep for it.
type harness struct {
	*task.Task
	t      *testing.T
	sub    *topology.Sub
	cfg    task.Config
	disk   *memory.DB
	stores []state.Store
	log    []string // what the processors saw
	ends   map[int]int64
	trials task.Trials
	timed  func(node string, ns int64)
	clock  func() int64
}

// probe is a processor whose parts a test gives.
type probe struct {
	init    func(ctx topology.Context)
	process func(ctx topology.Context, rec *record) error
	out     forward
	ctx     topology.Context
}

func (p *probe) Init(ctx topology.Context) error {
	p.ctx = ctx
	if p.init != nil {
		p.init(ctx)
	}
	return nil
}

func (p *probe) Process(rec *record) error {
	if p.process != nil {
		if err := p.process(p.ctx, rec); err != nil {
			return err
		}
	}
	return p.out(rec)
}

// with adds a probe below a stream; its codecs stay.
func with(in stream, name string, needs topology.Needs, p probe) stream {
	out := topology.Process(in, name, needs, func(out forward) topology.Processor[string, int64] {
		made := p
		made.out = out
		return &made
	})
	return topology.WithCodecs(out, codecs.String, codecs.Int64)
}

// start builds a topology and opens a task of its first sub-topology.
func start(t *testing.T, declare func(b *topology.Builder, h *harness)) *harness {
	h := &harness{t: t, disk: memory.New(), ends: map[int]int64{}}
	var b topology.Builder
	declare(&b, h)
	topo, err := b.Build("app")
	require.NoError(t, err)
	h.sub = topo.Subs[0]
	h.open()
	return h
}

// open makes the task anew from its stores, as after a restart.
func (h *harness) open() {
	h.cfg = task.Config{Sub: h.sub, ID: topology.TaskID{Partition: 1}, Tasks: 2, Outbox: &task.Outbox{}, MaxAhead: 5000}
	h.cfg.Trials, h.cfg.Timed, h.cfg.Clock = h.trials, h.timed, h.clock
	h.stores = nil
	for i, def := range h.sub.Stores {
		store := h.disk.Store(def.Name)
		h.stores = append(h.stores, store)
		h.cfg.Tables = append(h.cfg.Tables, state.NewTable(def.Name, i, store, 1<<20))
	}
	var err error
	h.Task, err = task.New(h.cfg)
	require.NoError(h.t, err)
}

// note appends to the log what the probe of a test sees.
func (h *harness) note(format string, args ...any) {
	h.log = append(h.log, fmt.Sprintf(format, args...))
}

// took gives the log as one text and empties it.
func (h *harness) took() string {
	all := strings.Join(h.log, " ")
	h.log = nil
	return all
}

// add queues a record with an event time; it was appended just then.
func (h *harness) add(source int, offset int64, key string, at int64) {
	h.addAppended(source, offset, key, at, base+at)
}

func (h *harness) addAppended(source int, offset int64, key string, at, appended int64) {
	value, err := codecs.Int64.Append(nil, at)
	require.NoError(h.t, err)
	if h.sub.Sources[source].Repartition {
		value = topology.AppendFrame(nil, base+at, value)
	}
	h.Add(source, []task.Record{{Offset: offset, Appended: appended, Key: []byte(key), Value: value}})
}

// mark queues a watermark of an upstream task of three.
func (h *harness) mark(source int, offset int64, from int, at int64, idle bool) {
	w := topology.Watermark{Task: from, Tasks: 3, Time: at, Idle: idle}
	h.Add(source, []task.Record{{Offset: offset, Value: topology.AppendWatermark(nil, w)}})
}

// work processes all that is queued.
func (h *harness) work() {
	_, err := h.Process(1 << 20)
	require.NoError(h.t, err)
}

// stream is stream time in ms after base.
func (h *harness) stream() string { return since(h.StreamTime()) }

func since(ms int64) string {
	if ms == math.MinInt64 {
		return "none"
	}
	return strconv.FormatInt(ms-base, 10)
}

// flush ends the interval and gives the entries of a kind.
func (h *harness) flush(kind task.Kind) []task.Entry {
	require.NoError(h.t, h.Flush())
	var all []task.Entry
	for _, e := range h.cfg.Outbox.Entries() {
		if e.Kind == kind {
			all = append(all, e)
		}
	}
	return all
}

// commit flushes and commits; visit, if any, sees what was produced. Each store's changelog grows
// by its records.
func (h *harness) commit(visit func(e task.Entry)) {
	require.NoError(h.t, h.Flush())
	wrote := map[int]bool{}
	for _, e := range h.cfg.Outbox.Entries() {
		if e.Kind == task.ToChangelog {
			h.ends[e.Index]++
			wrote[e.Index] = true
		}
		if visit != nil {
			visit(e)
		}
	}
	var batch state.Batch
	h.Commit(func(store int) int64 {
		if !wrote[store] {
			return -1
		}
		return h.ends[store]
	})
	require.NoError(h.t, h.Checkpoint(&batch, h.stores, checkpointed))
	h.cfg.Outbox.Reset()
}

// checkpointed is the wall time of every checkpoint, Unix ms.
const checkpointed = 77

// quiet says of all sources that nothing lies behind, then lets wall time be.
func (h *harness) quiet(wall int64) {
	for i := range h.sub.Sources {
		h.Quiet(i, wall)
	}
	require.NoError(h.t, h.Advance(wall))
}
