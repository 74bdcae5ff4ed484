package flow

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

const definition = `
experiment: button
variants: {control: 50, treatment: 50}
control: control
start: 2025-12-01T00:00:00Z
metrics:
  - {name: purchase, kind: conversion, event: purchase, window: 1h}
  - {name: revenue, kind: mean, event: purchase, window: 1h, decimals: 2}
`

// entry is a running experiment as the registry's table has it.
func entry(t testing.TB, text string) (key, value []byte) {
	t.Helper()
	def, err := experiment.Parse([]byte(text))
	require.NoError(t, err)
	def.Defaults()
	e := experiment.Entry{Experiment: def.Experiment, Run: 1, State: experiment.Running}
	start := int64(0)
	if def.Start != nil {
		start = def.Start.UnixMilli()
	}
	e.Versions = []experiment.Version{{Version: 1, Accepted: start, Effective: start, Definition: *def}}
	value, err = json.Marshal(e)
	require.NoError(t, err)
	return []byte(def.Experiment), value
}

func driver(t testing.TB, cfg topologytest.Config, definitions ...string) *topologytest.Driver {
	t.Helper()
	return driverOf(t, Config{}, cfg, definitions...)
}

func driverOf(t testing.TB, emission Config, cfg topologytest.Config, definitions ...string) *topologytest.Driver {
	t.Helper()
	var b topology.Builder
	Build(&b, emission)
	topo, err := b.Build("abacus")
	require.NoError(t, err)
	if cfg.Tasks == 0 {
		cfg.Tasks = 4
	}
	cfg.Partitions = map[string]int{units.RegistryTable("abacus"): 1, "abacus.stats": 4}
	d := topologytest.New(t, topo, cfg)
	for _, text := range definitions {
		key, value := entry(t, text)
		d.Pipe(units.RegistryTable("abacus"), key, value)
	}
	return d
}

func exposure(id int, unit, variant string, ts int64) []byte {
	return fmt.Appendf(nil, `{"id":"x%d","type":"exposure","unit":%q,"experiment":"button","variant":%q,"ts":%d}`, id, unit, variant, ts)
}

func purchase(id int, unit, value string, ts int64) []byte {
	return fmt.Appendf(nil, `{"id":"p%d","type":"purchase","unit":%q,"value":%s,"ts":%d}`, id, unit, value, ts)
}

func TestEventsBecomeStatistics(t *testing.T) {
	d := driver(t, topologytest.Config{}, definition)
	now := d.Wall()
	for i := range 100 {
		unit := fmt.Sprintf("u%d", i)
		variant := []string{"control", "treatment"}[i%2]
		d.Pipe("abacus.events", []byte(unit), exposure(i, unit, variant, now+int64(i)))
		if i%5 == 0 {
			d.Pipe("abacus.events", []byte(unit), purchase(i, unit, "12.34", now+int64(i)+10))
		}
	}
	d.Run()
	d.Advance(80 * time.Second)
	require.Empty(t, d.Records("abacus.dlq"))
	last := d.Last("abacus.stats")
	require.Len(t, last, 3, "a total, a second, a minute")
	for key, value := range last {
		var rec *result.Record
		require.NoError(t, result.Codec.Parse(value, &rec))
		require.True(t, rec.Closed, "%s is open on quiet input: %s", key, value)
	}
	var total *result.Record
	require.NoError(t, result.Codec.Parse(last["button|total"], &total))
	require.Equal(t, map[string]int64{"control": 50, "treatment": 50}, total.Units)
	revenue := total.Metrics["revenue"].Variants["treatment"]
	require.Equal(t, "123.40", revenue.Sum)
	require.Empty(t, differences(t, d, definition))
}
