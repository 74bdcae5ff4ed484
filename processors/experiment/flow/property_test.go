package flow

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

var definitions = []string{definition, `
experiment: copy
variants: {control: 1, short: 1, long: 2}
control: control
multiple_variants: first
start: 2025-12-01T00:00:00Z
grace: 8s
exclude: {units: [u4]}
segments:
  - {name: country, values: [DE, FR]}
  - {name: vip, prop: is_vip, values: ["true"]}
windows: [5s, sliding 60s]
metrics:
  - {name: purchase, kind: conversion, event: purchase, window: 20s, delay: 2s}
  - {name: spent, kind: mean, event: purchase, window: 1m, decimals: 1, cap: 20, where: "currency=EUR"}
  - {name: errors, kind: count, event: error, window: 30s, covariate: {period: 15s}}
  - {name: clicks, kind: count, event: error, where: "vip=true", window: 20s, delay: 2s}
  - {name: money, kind: mean, event: purchase, window: 20s, delay: 2s, decimals: 2, cap: 30, covariate: {prop: past, decimals: 1}}
  - {name: basket_value, kind: ratio, numerator: money, denominator: purchase, covariate: {period: 20s}}
  - {name: fault_rate, kind: ratio, numerator: clicks, denominator: purchase, covariate: {prop: past, decimals: 3}}
  - {name: basket, kind: quantile, event: purchase, window: 20s, decimals: 2, quantiles: [0.5, 0.9]}
  - {name: wealth, kind: quantile, event: purchase, of: unit, window: 30s, decimals: 1}
  - {name: newest, kind: last, event: purchase, window: 25s, decimals: 2, cap: 15}
  - {name: failed, kind: conversion, event: error, window: 5s, goal: decrease, guardrail: true, on_harm: stop, margin: 0.01}
`, `
experiment: ranker
unit: event
randomised_by: event
variants: {A: 1, B: 1}
control: A
start: 2025-12-01T00:00:00Z
windows: [sliding 60s]
metrics:
  - {name: latency, kind: mean, event: api_call, decimals: 3}
  - {name: slow, kind: quantile, event: api_call, decimals: 1}
  - {name: calls, kind: count, event: api_call}
  - {name: per_call, kind: ratio, numerator: latency, denominator: calls}
`}

// expected lets verify recompute what a driver has read, and compares the last statistics.
func differences(t testing.TB, d *topologytest.Driver, defs ...string) []verify.Difference {
	t.Helper()
	return differencesOf(t, d, verify.Input{Partitions: 4}, defs...)
}

func differencesOf(t testing.TB, d *topologytest.Driver, in verify.Input, defs ...string) []verify.Difference {
	t.Helper()
	for _, text := range defs {
		_, value := entry(t, text)
		var e experiment.Entry
		require.NoError(t, json.Unmarshal(value, &e))
		in.Entries = append(in.Entries, e)
	}
	for _, rec := range d.Records("abacus-units-changelog") {
		if a, ok, err := units.ParseAdoption(rec.Key, rec.Value); ok && rec.Value != nil {
			require.NoError(t, err)
			in.Adoptions = append(in.Adoptions, verify.Adoption{Experiment: a.Experiment, Run: a.Run, Version: a.Version, Partition: rec.Partition, Offset: a.Offset})
		}
	}
	v, err := verify.New(in)
	require.NoError(t, err)
	for _, rec := range d.Records("abacus.events") {
		v.Event(verify.Record{Topic: "abacus.events", Partition: rec.Partition, Offset: rec.Offset, Appended: rec.Appended, Key: rec.Key, Value: rec.Value})
	}
	decided := [][]byte{}
	for _, rec := range d.Records("abacus.decisions") {
		decided = append(decided, rec.Value)
	}
	last := d.Last("abacus.stats")
	return append(v.CompareStats(last), v.CompareDecisions(decided, last)...)
}

// anyEvent draws one event around a time; ids are few, so that duplicates and conflicts happen.
func anyEvent(rt *rapid.T, ts int64) (unit string, value []byte) {
	unit = fmt.Sprintf("u%d", rapid.IntRange(0, 5).Draw(rt, "unit"))
	id := rapid.IntRange(0, 60).Draw(rt, "id")
	ts -= int64(rapid.IntRange(0, 4000).Draw(rt, "back"))
	switch rapid.IntRange(0, 11).Draw(rt, "kind") {
	case 0, 1:
		v := rapid.SampledFrom([]string{"control", "treatment", "treatment", "nobody"}).Draw(rt, "variant")
		return unit, fmt.Appendf(nil, `{"id":"b%d","type":"exposure","unit":%q,"experiment":"button","variant":%q,"ts":%d}`, id, unit, v, ts)
	case 2, 3:
		v := rapid.SampledFrom([]string{"control", "short", "long"}).Draw(rt, "variant")
		return unit, fmt.Appendf(nil, `{"id":"c%d","type":"exposure","unit":%q,"experiment":"copy","variant":%q,"ts":%d%s}`, id, unit, v, ts, origin(rt, past(rt)))
	case 4, 5, 6:
		value := rapid.SampledFrom([]string{"1.25", "12.34", `"0.045"`, "null", "-3", "17"}).Draw(rt, "value")
		currency := rapid.SampledFrom([]string{"EUR", "USD"}).Draw(rt, "currency")
		return unit, fmt.Appendf(nil, `{"id":"p%d","type":"purchase","unit":%q,"value":%s,"ts":%d,"props":{"currency":%q}}`, id, unit, value, ts, currency)
	case 7:
		return unit, fmt.Appendf(nil, `{"id":"e%d","type":"error","unit":%q,"ts":%d}`, id, unit, ts)
	case 8:
		return unit, fmt.Appendf(nil, `{"id":"r%d","type":"retract","unit":%q,"ref":"p%d","ts":%d}`, id, unit, rapid.IntRange(0, 60).Draw(rt, "ref"), ts)
	case 9:
		named := rapid.SampledFrom([]string{"", fmt.Sprintf(`"unit":%q,`, unit)}).Draw(rt, "named")
		variant := rapid.SampledFrom([]string{"A", "B", "C"}).Draw(rt, "variant")
		return "", fmt.Appendf(nil, `{"id":"t%d",%s"type":"api_call","experiment":"ranker","variant":%q,"value":%d.5,"ts":%d}`, id, named, variant, id, ts)
	case 10:
		return unit, []byte(rapid.SampledFrom([]string{`{`, `[]`, `{"id":"x","type":"purchase"}`, `{"id":"y","type":"purchase","unit":"u1","ts":1}`}).Draw(rt, "bad"))
	}
	return unit, fmt.Appendf(nil, `{"id":"n%d","type":"page_view","unit":%q,"ts":%d}`, id, unit, ts)
}

// origin draws what an exposure says about its unit: why it has its variant, and the props of segments; more are further props.
func origin(rt *rapid.T, more string) string {
	reason := rapid.SampledFrom([]string{"", "", `,"reason":"hash"`, `,"reason":"sticky"`, `,"reason":"overridden"`, `,"reason":7`}).Draw(rt, "reason")
	country := rapid.SampledFrom([]string{`"DE"`, `"DE"`, `"FR"`, `"other"`, "null", "1"}).Draw(rt, "country")
	return fmt.Sprintf(`%s,"props":{"country":%s,"is_vip":%t%s}`, reason, country, rapid.Bool().Draw(rt, "vip"), more)
}

// past draws a prop of what an exposure may say of before.
func past(rt *rapid.T) string {
	return rapid.SampledFrom([]string{"", `,"past":12.34`, `,"past":"7"`, `,"past":"many"`, `,"past":1e30`, `,"past":[1]`}).Draw(rt, "past")
}

// Any log, with duplicates, reorder within grace, crossings, retractions and bad records, on one or
// two workers that crash, restart and lose their disks, gives the integers that verify recomputes.
func TestAnyLogGivesWhatVerifyRecomputes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		emission := rapid.SampledFrom([]Config{{}, {}, {EmitEvery: time.Millisecond, WindowsEvery: time.Millisecond}, {EmitEvery: 3 * time.Second}, {OnClose: true}}).Draw(rt, "emission")
		d := driverOf(t, emission, topologytest.Config{Workers: rapid.IntRange(1, 2).Draw(rt, "workers")}, definitions...)
		d.Run()
		ts := d.Wall()
		for range rapid.IntRange(1, 120).Draw(rt, "events") {
			ts += int64(rapid.IntRange(0, 900).Draw(rt, "forth"))
			unit, value := anyEvent(rt, ts)
			d.Pipe("abacus.events", []byte(unit), anyEncoding(rt, value))
			disturb(rt, d)
		}
		d.Run()
		d.Advance(30 * time.Second)
		untilSent(d)
		if diff := differencesOf(t, d, verify.Input{Partitions: 4, OnClose: emission.OnClose}, definitions...); len(diff) > 0 {
			for _, rec := range d.Records("abacus.events") {
				rt.Logf("%d/%d %s", rec.Partition, rec.Offset, rec.Value)
			}
			rt.Fatalf("%d differences: %+v", len(diff), diff[:min(len(diff), 12)])
		}
	})
}

// untilSent lets time pass until all that has changed is sent: a total waits EmitEvery after the one before.
func untilSent(d *topologytest.Driver) {
	for before := -1; before != len(d.Records("abacus.stats")); {
		before = len(d.Records("abacus.stats"))
		d.Advance(100 * time.Millisecond)
	}
}

// disturb lets time pass, commits, or takes something away.
func disturb(rt *rapid.T, d *topologytest.Driver) {
	switch rapid.IntRange(0, 13).Draw(rt, "disturb") {
	case 0:
		d.Run()
	case 1, 2, 3:
		for range rapid.IntRange(1, 5).Draw(rt, "steps") {
			d.Step()
		}
	case 4, 5:
		d.Commit()
	case 6:
		d.Restart()
	case 7:
		d.Wipe()
	case 8:
		d.CrashAt(topologytest.Step(rapid.IntRange(1, 5).Draw(rt, "step")))
		d.Commit()
	}
}
