// Package flow joins the two stages into the topology of the experimentation
// engine: events by unit, deltas by experiment, statistics out.
//
//	<prefix>.events ─► units ─► <prefix>-deltas-repartition ─► cells ─► <prefix>.stats, <prefix>.decisions
//	                    │  ▲
//	                    └──┴─ <prefix>-unit-repartition: records that lay in another partition than their unit's
package flow

import (
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/topology"
)

// Config names the flow. Zero fields mean the defaults of CONTRACT: prefix abacus, 20 ms, 5 min.
type Config struct {
	Prefix    string        // of all topics
	EmitEvery time.Duration // least time between two totals of an experiment, default 20 ms
	// WindowsEvery is the least time between two records of an open window, default 1 s, or EmitEvery if that is more.
	WindowsEvery time.Duration
	OnClose      bool          // totals when a pane of a second closes, windows when they do
	MaxAhead     time.Duration // that an event may lie ahead of its append time
}

// longestWindow in ms: on quiet input watermarks follow the wall clock for as long, so that it closes.
const longestWindow = 60_000

func (c Config) withDefaults() Config {
	if c.Prefix == "" {
		c.Prefix = "abacus"
	}
	if c.EmitEvery == 0 {
		c.EmitEvery = 20 * time.Millisecond
	}
	if c.MaxAhead == 0 {
		c.MaxAhead = 5 * time.Minute
	}
	return c
}

// Events is the topic that the flow reads.
func (c Config) Events() string { return c.withDefaults().Prefix + ".events" }

// Stats is the topic that the flow writes.
func (c Config) Stats() string { return c.withDefaults().Prefix + ".stats" }

// Decisions is the topic of stops and alerts, which the flow writes.
func (c Config) Decisions() string { return c.withDefaults().Prefix + ".decisions" }

// Build adds the flow to a topology.
func Build(b *topology.Builder, c Config) {
	c = c.withDefaults()
	ahead := c.MaxAhead.Milliseconds()
	events := topology.DecodeNulls(topology.FromTimed(b, c.Events(), codecs.Bytes, event.Judged, func(rec *topology.Record[[]byte, event.Event], src *topology.Source) (int64, bool) {
		return timeOf(&rec.Value, src.Appended+ahead)
	}))
	detour, detoured := topology.Detour(b, "unit", codecs.Bytes, event.Judged, func(rec *topology.Record[[]byte, event.Event], _ *topology.Source) (int64, bool) {
		return rec.Value.Time, true
	})
	deltas, delivered := topology.Channel(b, "deltas", codecs.String, experiment.DeltaCodec{})
	topology.Process(topology.Merge("units-in", events, detoured), "units", topology.Needs{
		Stores:  []topology.Store{{Name: units.Store}},
		Sinks:   []*topology.SinkNode{deltas.Node(), detour.Node()},
		Globals: []string{units.RegistryTable(c.Prefix)},
	}, units.New(units.Config{Prefix: c.Prefix, Events: c.Events(), Deltas: deltas, Detour: detour, MaxAhead: ahead}))

	stats := topology.NewSink(b, c.Stats(), codecs.String, result.Codec, cells.PartitionByExperiment)
	stage2 := cells.Config{EmitEvery: c.EmitEvery.Milliseconds(), WindowsEvery: c.WindowsEvery.Milliseconds(), OnClose: c.OnClose, Stats: stats, Registry: units.RegistryTable(c.Prefix), Deltas: deltas.Node()}
	stage2.Decisions = topology.NewSink(b, c.Decisions(), codecs.String, decision.Codec, nil)
	topology.Reach(topology.Process(delivered, "cells", cells.Needs(stage2), cells.New(stage2)), longestWindow)
}

// timeOf is the event time of an event. A bad one has none: it becomes a dead letter at once and
// moves nothing. The end-of-input mark has no unit and moves time all the same.
func timeOf(ev *event.Event, latest int64) (int64, bool) {
	good := ev.Fault == event.None || ev.Fault == event.NoUnit && string(ev.Type) == units.EndOfInput
	return ev.Time, good && ev.Time <= latest
}
