package units

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
	"github.com/stretchr/testify/require"
)

const eventsTopic = "abacus.events"

// logged is one record of the task's inputs, or a row of the registry table.
type logged struct {
	src   topology.Source
	entry []byte
	wall  int64 // stream time moves there: the task is idle
}

// dead is a record that was put aside.
type dead struct{ reason, source string }

// harness is a task with one processor: a topology.Context with a store in memory, commits and restarts.
type harness struct {
	t       testing.TB
	cfg     Config
	proc    *processor
	store   state.Store
	table   *state.Table
	tasks   int
	slow    bool
	timers  []*topology.Timer
	flushes []func() error
	adopt   func(topology.GlobalRow) error
	src     topology.Source
	grace   int64
	scanner event.Scanner
	rec     topology.Record[[]byte, event.Event]

	log     []logged
	at      int // next of the log
	stream  int64
	next    int64
	heard   int64 // greatest event time of the events topic
	offset  int64 // of the next record made
	saved   position
	counts  map[string]*topology.Counter
	pending outputs // since the last commit
	done    outputs
}

type position struct {
	at                  int
	stream, next, heard int64
}

type outputs struct {
	deltas  []sentDelta
	detours []topology.Encoded
	dead    []dead
	late    []dead
}

type sentDelta struct {
	name  string
	delta *experiment.Delta
}

// wire declares the topology around the processor, for the sinks.
func wire(t testing.TB) Config {
	var b topology.Builder
	cfg := Config{Prefix: "abacus", Events: eventsTopic}
	var detoured topology.Stream[[]byte, event.Event]
	at := func(rec *topology.Record[[]byte, event.Event], _ *topology.Source) (int64, bool) {
		return rec.Value.Time, true
	}
	cfg.Detour, detoured = topology.Detour(&b, "unit", codecs.Bytes, event.Codec, at)
	var deltas topology.Stream[string, *experiment.Delta]
	cfg.Deltas, deltas = topology.Channel[string, *experiment.Delta](&b, "deltas", codecs.String, experiment.DeltaCodec{})
	events := topology.FromTimed(&b, eventsTopic, codecs.Bytes, event.Codec, at)
	needs := topology.Needs{
		Stores: []topology.Store{{Name: Store}}, Sinks: []*topology.SinkNode{cfg.Deltas.Node(), cfg.Detour.Node()},
		Globals: []string{RegistryTable(cfg.Prefix)},
	}
	topology.Process(topology.Merge("all", events, detoured), "units", needs, New(cfg))
	topology.Process(deltas, "cells", topology.Needs{}, func(topology.Forward[string, string]) topology.Processor[string, *experiment.Delta] { return nil })
	_, err := b.Build("abacus")
	require.NoError(t, err)
	return cfg
}

func newHarness(t testing.TB, entries ...experiment.Entry) *harness {
	h := &harness{t: t, cfg: wire(t), store: memory.New().Store(Store), tasks: 1, stream: math.MinInt64, next: -1, counts: map[string]*topology.Counter{}}
	h.saved = position{0, math.MinInt64, -1, math.MinInt64}
	h.open()
	for _, e := range entries {
		h.apply(e)
	}
	return h
}

// open makes a processor over the committed rows.
func (h *harness) open() {
	h.table = state.NewTable(Store, 0, h.store, 256<<20)
	h.timers, h.flushes, h.pending = nil, nil, outputs{}
	h.at, h.stream, h.next, h.heard = h.saved.at, h.saved.stream, h.saved.next, h.saved.heard
	h.proc = New(h.cfg)(nil).(*processor)
	h.proc.slow = h.slow
	require.NoError(h.t, h.proc.Init(h))
	for _, l := range h.log[:h.at] {
		if l.entry != nil {
			h.global(l.entry)
		}
	}
}

func (h *harness) global(entry []byte) {
	var e experiment.Entry
	require.NoError(h.t, json.Unmarshal(entry, &e))
	row := topology.GlobalRow{Key: []byte(e.Experiment), Value: entry, Offset: 7}
	if e.State == "deleted" {
		row.Value = nil
	}
	require.NoError(h.t, h.adopt(row))
}

// apply puts a registry entry into the log and takes it.
func (h *harness) apply(e experiment.Entry) {
	b, err := json.Marshal(e)
	require.NoError(h.t, err)
	h.log = append(h.log, logged{entry: b})
	h.run()
}

// idle moves stream time without a record, to seconds after base.
func (h *harness) idle(seconds float64) {
	h.log = append(h.log, logged{wall: ms(seconds)})
	h.run()
}

// pipe puts an event into the events topic and takes it; the key is its unit and it is appended at its time.
func (h *harness) pipe(events ...ev) {
	for _, e := range events {
		h.pipeAs(e, topology.Source{Topic: eventsTopic, Key: []byte(e.Unit), Appended: e.ms()})
	}
}

func (h *harness) pipeAs(e ev, src topology.Source) {
	src.Value = e.json()
	h.pipeRaw(src)
}

func (h *harness) pipeRaw(src topology.Source) {
	src.Offset = h.offset
	h.offset++
	h.log = append(h.log, logged{src: src})
	h.run()
}

// run takes what is left of the log.
func (h *harness) run() {
	for h.at < len(h.log) {
		h.step()
	}
}

func (h *harness) step() {
	l := &h.log[h.at]
	h.at++
	switch {
	case l.entry != nil:
		h.global(l.entry)
	case l.wall != 0:
		h.advance(l.wall)
	default:
		require.NoError(h.t, h.process(&l.src))
	}
}

// process is one step of a task.
func (h *harness) process(src *topology.Source) error {
	h.src = *src
	h.rec.Key = src.Key
	h.scanner.Scan(src.Value, &h.rec.Value)
	detour := src.Topic != eventsTopic
	if !detour {
		if h.rec.Value.Judge(src.Appended) == event.None || string(h.rec.Value.Type) == EndOfInput {
			h.heard = max(h.heard, h.rec.Value.Time)
			h.advance(h.rec.Value.Time)
		}
	}
	if err := h.proc.Process(&h.rec); err != nil {
		return err
	}
	if !detour {
		h.next = src.Offset + 1
	}
	return nil
}

func (h *harness) advance(now int64) {
	if now <= h.stream {
		return
	}
	h.stream = now
	for _, timer := range h.timers {
		if err := timer.Advance(now); err != nil {
			h.t.Fatal(err)
		}
	}
}

// commit flushes, commits and keeps the outputs.
func (h *harness) commit() {
	for _, flush := range h.flushes {
		require.NoError(h.t, flush())
	}
	h.table.Flush(discard{})
	var batch state.Batch
	h.table.Commit()
	h.table.Checkpoint(&batch)
	require.NoError(h.t, h.store.Apply(&batch))
	h.saved = position{h.at, h.stream, h.next, h.heard}
	h.done.deltas = append(h.done.deltas, h.pending.deltas...)
	h.done.detours = append(h.done.detours, h.pending.detours...)
	h.done.dead = append(h.done.dead, h.pending.dead...)
	h.done.late = append(h.done.late, h.pending.late...)
	h.pending = outputs{}
}

// restart loses everything since the last commit and takes it again.
func (h *harness) restart() {
	h.table.Abort()
	h.open()
	h.run()
}

type discard struct{}

func (discard) Append(int, []byte, []byte) {}

// The methods of topology.Context.

func (h *harness) Task() topology.TaskID        { return topology.TaskID{} }
func (h *harness) Tasks() int                   { return h.tasks }
func (h *harness) Table(string) *state.Table    { return h.table }
func (h *harness) Closed(string) int64          { return math.MinInt64 }
func (h *harness) StreamTime() int64            { return h.stream }
func (h *harness) WallTime() int64              { return 0 }
func (h *harness) Source() *topology.Source     { return &h.src }
func (h *harness) NextOffset(string) int64      { return h.next }
func (h *harness) Heard(string) int64           { return h.heard }
func (h *harness) SetGrace(grace int64)         { h.grace = grace }
func (h *harness) OnFlush(flush func() error)   { h.flushes = append(h.flushes, flush) }
func (h *harness) Count(metric string, n int64) { h.Counter(metric).N += n }
func (h *harness) Counter(metric string) *topology.Counter {
	if h.counts[metric] == nil {
		h.counts[metric] = &topology.Counter{}
	}
	return h.counts[metric]
}
func (h *harness) OnWallClock(func(int64) error) *topology.Timer { panic("no wall clock here") }
func (h *harness) Punctuate(topology.Punctuator) error           { panic("no punctuators here") }
func (h *harness) Hold() *topology.Hold                          { return &topology.Hold{At: topology.Never} }

func (h *harness) OnStreamTime(fire func(int64) error) *topology.Timer {
	timer := topology.NewTimer(fire)
	h.timers = append(h.timers, timer)
	return timer
}

func (h *harness) OnGlobal(topic string, apply func(topology.GlobalRow) error) {
	require.Equal(h.t, "abacus.registry-table", topic)
	h.adopt = apply
}

func (h *harness) Send(sink int, out topology.Encoded) {
	if sink == h.cfg.Detour.Node().Index() {
		out.Key, out.Value = append([]byte(nil), out.Key...), append([]byte(nil), out.Value...)
		h.pending.detours = append(h.pending.detours, out)
		return
	}
	var d *experiment.Delta
	require.NoError(h.t, experiment.DeltaCodec{}.Parse(append([]byte(nil), out.Value...), &d))
	for _, c := range d.Cells { // no pane matures twice: its end was not passed when a watermark was last sent
		require.True(h.t, c.Ripe == 0 || c.Ripe+second > h.saved.stream, "pane %d of maturity at %d", c.Ripe, h.saved.stream)
	}
	h.pending.deltas = append(h.pending.deltas, sentDelta{string(out.Key), d})
}

func (h *harness) DeadLetter(reason string, cause error) { h.Reject(&h.src, reason, cause) }

func (h *harness) Reject(src *topology.Source, reason string, _ error) {
	h.pending.dead = append(h.pending.dead, dead{reason, original(src)})
}

func (h *harness) Late(window string, lateness int64) {
	h.pending.late = append(h.pending.late, dead{fmt.Sprintf("%s+%d", window, lateness), original(&h.src)})
}

func original(src *topology.Source) string {
	if from := src.Header(headerSource); from != nil {
		return string(from)
	}
	return src.String()
}
