package cells

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// Store is the name of the table of stage 2.
const Store = "cells"

// Counters of the task's metrics.
const (
	CountPending    = "cells_pending_deltas"    // deltas whose run the registry has not told of yet
	CountSuperseded = "cells_superseded_deltas" // deltas of a run before the present one
	CountExpired    = "cells_expired_panes"     // changes of windows past their retention; totals have them
	CountRegistry   = "cells_registry_faults"   // rows of the registry that are no entries

	CountLateMaturity = "cells_late_maturity" // cells whose pane of maturity was folded already: a task was idle in event time that others had passed
	CountDecisions    = "cells_decisions"     // stops and alerts
)

// Config is what stage 2 is made of.
type Config struct {
	EmitEvery int64 // least distance of two totals of an experiment, ms of wall time; default 20
	// WindowsEvery is the least distance of two records of an open window, likewise; default 1000, or EmitEvery if that is more.
	WindowsEvery int64
	// OnClose sends windows once they are closed, and totals when a pane closes: not before the watermark has passed its end.
	OnClose  bool
	Stats    topology.Sink[string, *result.Record] // the stats topic, partitioned by PartitionByExperiment
	Registry string                                // topic of the registry table, values JSON of experiment.Entry
	Deltas   *topology.SinkNode                    // the sink of the channel that is read, for the close schedule; may be nil

	Decisions topology.Sink[string, *decision.Record] // the topic of decisions, by experiment
}

const (
	defaultEmitEvery = 20   // ms
	cellsPerMs       = 4    // of a total, about 200 bytes each: a large one is sent less often
	windowsEvery     = 1000 // ms
)

// Needs lists what stage 2 uses, for topology.Process.
func Needs(cfg Config) topology.Needs {
	return topology.Needs{
		Stores:  []topology.Store{{Name: Store}},
		Sinks:   []*topology.SinkNode{cfg.Stats.Node(), cfg.Decisions.Node()},
		Globals: []string{cfg.Registry},
	}
}

// New gives the constructor of stage 2, for topology.Process. It forwards nothing: records go to cfg.Stats.
func New(cfg Config) func(topology.Forward[string, *result.Record]) topology.Processor[string, *experiment.Delta] {
	if cfg.EmitEvery <= 0 {
		cfg.EmitEvery = defaultEmitEvery
	}
	if cfg.WindowsEvery <= 0 {
		cfg.WindowsEvery = max(windowsEvery, cfg.EmitEvery)
	}
	return func(topology.Forward[string, *result.Record]) topology.Processor[string, *experiment.Delta] {
		return &processor{cfg: cfg, runs: map[string]*run{}}
	}
}

// processor is stage 2 in one task. All it remembers beyond the table is rebuilt from the table and the registry.
type processor struct {
	cfg   Config
	ctx   topology.Context
	table *state.Table
	send  topology.Forward[string, *result.Record]
	told  topology.Forward[string, *decision.Record]

	runs    map[string]*run // the present run of each experiment of the registry
	changed []*run          // those with something unsent
	unswept []*run          // those with expired panes, during fire
	timers  state.Timers    // ends of windows and of retentions, by timer key
	stream  *topology.Timer
	wall    *topology.Timer

	total   totalRow // scratch, like all below
	pending *experiment.Delta
	ripe    *experiment.Delta // a pane of maturity
	window  windowRow
	pane    windowRow         // of a sliding window
	slid    *experiment.Delta // panes of a sliding window, one a variant
	segment segmentRow
	key     []byte // of the row in hand
	row     []byte
	alarm   []byte // key of a timer
}

// Init takes the context up.
func (p *processor) Init(ctx topology.Context) error {
	p.ctx, p.table = ctx, ctx.Table(Store)
	p.send, p.told = p.cfg.Stats.Sender(ctx), p.cfg.Decisions.Sender(ctx)
	p.stream = ctx.OnStreamTime(p.fire)
	p.wall = ctx.OnWallClock(func(int64) error { return p.emit() })
	ctx.OnFlush(p.emit)
	ctx.OnGlobal(p.cfg.Registry, p.registry)
	return nil
}

// Process adds one delta.
func (p *processor) Process(rec *topology.Record[string, *experiment.Delta]) error {
	r, d := p.runs[rec.Key], rec.Value
	switch {
	case r == nil || r.number < d.Run:
		p.ctx.Count(CountPending, 1)
		return p.wait(rec.Key, d)
	case r.number > d.Run:
		p.ctx.Count(CountSuperseded, 1)
		return p.begin(r)
	}
	return p.add(r, d)
}

// add puts a delta into the rows of its run.
func (p *processor) add(r *run, d *experiment.Delta) error {
	if err := p.loadTotal(r); err != nil {
		return err
	}
	addLive(p.total.sums, d)
	if err := p.ripen(r, d); err != nil {
		return err
	}
	if err := p.fold(r); err != nil { // of panes that the watermark has passed before the registry told of the run
		return err
	}
	if err := p.addPanes(r, d); err != nil {
		return err
	}
	if err := p.addSegments(r, d); err != nil {
		return err
	}
	return p.saveTotal(r)
}

// begin makes the total row of a run, so that a record of the present run takes the place of the run before.
func (p *processor) begin(r *run) error {
	p.key = appendRunKey(p.key[:0], totalRows, r.name, r.number)
	if _, ok, err := p.table.Get(p.key); ok || err != nil {
		return err
	}
	p.total.reset(r.number, r.newest())
	return p.saveTotal(r)
}

// loadTotal reads the total row of a run into the scratch; a new one where there is none.
func (p *processor) loadTotal(r *run) error {
	p.key = appendRunKey(p.key[:0], totalRows, r.name, r.number)
	row, ok, err := p.table.Get(p.key)
	if err != nil {
		return err
	}
	if !ok {
		p.total.reset(r.number, r.newest())
		return nil
	}
	if err := p.total.parse(row); err != nil {
		return err
	}
	p.total.upgrade(row[0], r)
	return nil
}

// saveTotal writes the scratch back as changed and not yet sent.
func (p *processor) saveTotal(r *run) error {
	r.last = p.total.last
	p.total.unsent, r.unsent = true, true
	p.touch(r)
	return p.putTotal(r)
}

func (p *processor) putTotal(r *run) (err error) {
	p.key = appendRunKey(p.key[:0], totalRows, r.name, r.number)
	if p.row, err = p.total.append(p.row[:0]); err != nil {
		return fmt.Errorf("cells: total of %s run %d: %w", r.name, r.number, err)
	}
	p.table.Put(p.key, p.row)
	return nil
}

// wait adds a delta to the pending row of its run.
func (p *processor) wait(name string, d *experiment.Delta) error {
	if err := p.loadPending(name, d.Run); err != nil {
		return err
	}
	addCounters(p.pending, d)
	for i := range d.Cells {
		addCell(p.pending, &d.Cells[i], d.Cells[i].Ripe)
	}
	for i := range d.Panes {
		addPane(p.pending, &d.Panes[i], d.Panes[i].Start)
	}
	row, err := experiment.DeltaCodec{}.Append(append(p.row[:0], rowLayout), p.pending)
	if err != nil {
		return fmt.Errorf("cells: pending deltas of %s run %d: %w", name, d.Run, err)
	}
	p.row = row
	p.table.Put(p.key, p.row)
	return nil
}

// loadPending reads a pending row into the scratch, and leaves its key in p.key.
func (p *processor) loadPending(name string, run int) error {
	p.key = appendRunKey(p.key[:0], pendingRows, name, run)
	row, ok, err := p.table.Get(p.key)
	if err != nil {
		return err
	}
	if !ok {
		p.pending = &experiment.Delta{Run: run}
		return nil
	}
	if len(row) == 0 || row[0] != rowLayout {
		return fmt.Errorf("cells: pending row of %s run %d: %w", name, run, errRow)
	}
	return experiment.DeltaCodec{}.Parse(row[1:], &p.pending)
}
