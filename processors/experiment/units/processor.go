package units

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// Store is the name of the table that the processor needs.
const Store = "units"

// EndOfInput is the type of the mark behind which no event of an experiment comes: it matures every unit of it.
const EndOfInput = "abacus.end_of_input"

const never = int64(topology.Never)

// Config is what stage 1 is made of.
type Config struct {
	Prefix string // of all names; the registry table is <prefix>.registry-table
	Events string // topic of the events
	Deltas topology.Sink[string, *experiment.Delta]
	// Detour takes the records that are not in the partition of their unit, as they were read; the source that
	// reads it leads to this processor as well.
	Detour   topology.Sink[[]byte, event.Event]
	MaxAhead int64 // ms that an event may be ahead of its append time; 0: five minutes
}

// RegistryTable is the topic of the global table that the processor needs.
func RegistryTable(prefix string) string { return prefix + ".registry-table" }

// counts are the counters of what may happen with each event.
type counts struct{ events, tagged, ignored, repeated *topology.Counter }

// processor is stage 1 in one task. All that outlives a restart is in the table; the rest is scratch, used again by each event.
type processor struct {
	cfg     Config
	ctx     topology.Context
	table   *state.Table
	send    topology.Forward[string, *experiment.Delta]
	catalog catalog
	retired []*run // replaced since the last commit
	changed []*run
	classes classes
	adopted map[string]adopted // by experiment
	timers  state.Timers       // one timer a row, those that rows name; others are stale
	timer   *topology.Timer
	closer  *topology.Timer     // asks for stream time behind the latest pane of maturity
	ripened int64               // start of that pane
	timed   bool                // the row in hand was brought by a timer
	quiet   int64               // stream time of the latest quiet row
	groups  map[uint64][][]byte // keys of waiting events, by group

	counts counts

	src     *topology.Source // of the event at hand
	waited  bool             // it comes from the table
	scanner event.Scanner    // of waiting events
	event   event.Event

	key, bytes    []byte
	row           Row
	values        []int64
	totals        []int64 // of a tagged event, by metric
	before, after []tally
	moves         []move
	marked        int // moves of begin
	spaced        []spaced
	markedSpaced  int    // spaced of begin
	sorted        []move // scratch of space
	slow          bool   // tests: settle every change from scratch
}

// New gives what topology.Process takes. The processor forwards nothing: its output goes to the sinks of cfg.
func New(cfg Config) func(out topology.Forward[string, *experiment.Delta]) topology.Processor[[]byte, event.Event] {
	if cfg.MaxAhead == 0 {
		cfg.MaxAhead = event.MaxAhead
	}
	return func(topology.Forward[string, *experiment.Delta]) topology.Processor[[]byte, event.Event] {
		return &processor{cfg: cfg, catalog: newCatalog(nil), adopted: map[string]adopted{}, groups: map[uint64][][]byte{}}
	}
}

// Init reads the classes, adoptions and timers of the table.
func (p *processor) Init(ctx topology.Context) error {
	p.ctx, p.table = ctx, ctx.Table(Store)
	p.send = p.cfg.Deltas.Sender(ctx)
	p.timer = ctx.OnStreamTime(p.fire)
	p.closer = ctx.OnStreamTime(func(int64) error { return nil })
	p.counts = counts{ctx.Counter("events"), ctx.Counter("tagged"), ctx.Counter("ignored_types"), ctx.Counter("exposures_repeated")}
	ctx.OnFlush(p.flush)
	ctx.OnGlobal(RegistryTable(p.cfg.Prefix), p.adopt)
	ctx.SetGrace(p.catalog.grace)
	if err := p.classes.load(p.table); err != nil {
		return err
	}
	if err := p.loadAdoptions(); err != nil {
		return err
	}
	if err := p.loadQuiet(); err != nil {
		return err
	}
	return p.loadTimers()
}

// Process takes one event through the first half of its life.
func (p *processor) Process(rec *topology.Record[[]byte, event.Event]) error {
	ev := &rec.Value
	p.src, p.waited = p.ctx.Source(), false
	p.counts.events.N++
	if fault := p.judge(ev); fault != event.None {
		p.fail(fault, nil)
		return nil
	}
	if err := p.listen(); err != nil {
		return err
	}
	if x := p.tag(ev); x != nil {
		return p.tagged(x, ev)
	}
	if p.misplaced(ev) {
		p.reroute(ev)
		return nil
	}
	return p.take(ev)
}

// judge gives the faults that need neither registry nor state. A record of the detour was judged where it came from.
func (p *processor) judge(ev *event.Event) event.Fault {
	fault := ev.Fault
	if p.src.Topic != p.cfg.Detour.Node().Topic && ev.Time > p.src.Appended+p.cfg.MaxAhead && (fault == event.None || fault > event.TSFuture) {
		return event.TSFuture
	}
	if fault == event.NoUnit && string(ev.Type) == EndOfInput {
		return event.None
	}
	return fault
}

// take hands an event that is in its place to what its type asks for.
func (p *processor) take(ev *event.Event) error {
	switch {
	case string(ev.Type) == EndOfInput:
		return p.endOfInput(ev)
	case ev.Exposure():
		return p.exposure(ev)
	case ev.Retraction():
		return p.retraction(ev)
	case len(ev.Unit) == 0:
		return p.unitless(ev)
	}
	return p.metric(ev)
}

// load reads the row of a unit into the scratch; an empty one if there is none.
func (p *processor) load(unit []byte) error {
	p.key = append(append(p.key[:0], "u|"...), unit...)
	return p.loadKey()
}

func (p *processor) loadKey() error {
	value, ok, err := p.table.Get(p.key)
	if err != nil {
		return err
	}
	if !ok {
		p.row.reset()
		return nil
	}
	if err := ParseRow(value, &p.row); err != nil {
		return fmt.Errorf("unit %q: %w", p.unit(), err)
	}
	return nil
}

// unit is the unit of the row in the scratch.
func (p *processor) unit() []byte { return p.key[2:] }

// save does what is due for the row and writes it, or deletes it at the end of its life.
func (p *processor) save() error {
	now := p.ctx.StreamTime()
	p.mature(now)
	if err := p.dropPending(now); err != nil {
		return err
	}
	if p.expiry(&p.row) <= now {
		p.table.Delete(p.key)
		return nil
	}
	if due := p.next(&p.row); due < p.row.Timer {
		p.row.Timer = due
		p.timers.Add(due, p.key)
		p.timer.Sooner(due)
	}
	p.bytes = AppendRow(p.bytes[:0], &p.row)
	p.table.Put(p.key, p.bytes)
	return nil
}
