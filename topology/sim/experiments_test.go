package sim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/flow"
	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/sim"
	"github.com/abacus-stream/abacus/topology/worker"
)

const button = `
experiment: button
variants: {control: 50, treatment: 50}
control: control
start: 2026-01-01T00:00:00Z
windows: [5s, sliding 60s]
metrics:
  - {name: purchase, kind: conversion, event: purchase, window: 30s}
  - {name: revenue, kind: mean, event: purchase, window: 30s, decimals: 2}
`

// visits gives exposures and purchases of units, the experiment before them.
func visits(t *testing.T) func(rng *rand.Rand, now time.Time) []sim.Record {
	def, err := experiment.Parse([]byte(button))
	require.NoError(t, err)
	def.Defaults()
	start := def.Start.UnixMilli()
	entry, err := json.Marshal(experiment.Entry{Experiment: def.Experiment, Run: 1, State: experiment.Running,
		Versions: []experiment.Version{{Version: 1, Accepted: start, Effective: start, Definition: *def}}})
	require.NoError(t, err)
	n := 0
	return func(rng *rand.Rand, now time.Time) (all []sim.Record) {
		if n++; n == 1 {
			return []sim.Record{{Topic: units.RegistryTable("abacus"), Key: []byte(def.Experiment), Value: entry}}
		}
		for i := range rng.IntN(6) {
			unit, at := rng.IntN(200+n), now.UnixMilli()-rng.Int64N(2000)
			value := fmt.Appendf(nil, `{"id":"p%d-%d","type":"purchase","unit":"u%d","value":%d.25,"ts":%d}`, n, i, unit, rng.IntN(90), at)
			if rng.IntN(2) == 0 {
				variant := []string{"control", "treatment"}[unit%2]
				value = fmt.Appendf(nil, `{"id":"x%d-%d","type":"exposure","unit":"u%d","experiment":"button","variant":%q,"ts":%d}`, n, i, unit, variant, at)
			}
			all = append(all, sim.Record{Topic: "abacus.events", Key: fmt.Appendf(nil, "u%d", unit), Value: value})
		}
		return all
	}
}

// experiments is the experimentation flow, with an experiment on units.
func experiments(t *testing.T) sim.Config {
	return sim.Config{
		App: "abacus", Topology: func(b *topology.Builder) { flow.Build(b, flow.Config{}) }, Input: visits(t),
		// A task notes from which of its offsets on it knew the experiment, what quiet input did to its stream time, and at
		// which offset it closed a pane: what comes of that is all compared.
		Except: func(name string, key []byte) bool {
			return name == units.Store && (bytes.HasPrefix(key, []byte("a|")) || bytes.HasPrefix(key, []byte("q|"))) ||
				name == "cells" && bytes.HasPrefix(key, []byte("s|"))
		},
		// As in counting: what is late by the idleness of a task whose instance died gets a window another revision.
		Worker: worker.Config{IdleAfter: 40 * time.Second},
		// Sliding windows expire after ten minutes. At the end idleness moves stream time a second more here than there, and
		// one of them would be gone here and not there.
		Duration: 8 * time.Minute,
		Settled:  2 * time.Minute, Deadline: 10 * time.Minute,
	}
}
