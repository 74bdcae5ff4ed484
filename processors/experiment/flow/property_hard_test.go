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
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// Experiments whose rows live for seconds, with ends, so that everything comes too late at times.
var short = []string{`
experiment: button
variants: {control: 1, treatment: 1}
control: control
start: 2026-01-01T00:00:02Z
end: 2026-01-01T00:00:25Z
grace: 1s
dedup_for: 4s
segments: [{name: country, values: [DE, FR]}]
windows: [1s, 5s, 60s, sliding 60s]
metrics:
  - {name: purchase, kind: conversion, event: purchase, window: 3s}
  - {name: revenue, kind: mean, event: purchase, window: 5s, delay: 1s, decimals: 2, cap: 30}
  - {name: huge, kind: mean, event: refund, window: 9s, decimals: 0}
  - {name: newest, kind: last, event: purchase, window: 6s, delay: 1s, decimals: 2}
  - {name: basket, kind: quantile, event: purchase, window: 4s, decimals: 1}
  - {name: bought, kind: conversion, event: purchase, window: 5s, delay: 1s}
  - {name: basket_value, kind: ratio, numerator: revenue, denominator: bought, covariate: {period: 6s}}
  - {name: vips, kind: count, event: purchase, window: 3s, cap: 2, covariate: {event: purchase, where: "vip=true", period: 5s}}
`, `
experiment: copy
variants: {control: 1, short: 1, long: 2}
control: control
multiple_variants: first
start: 2026-01-01T00:00:00Z
grace: 2s
dedup_for: 1s
holdout: {name: all, share: 0.3}
segments: [{name: country, values: [DE]}, {name: vip, prop: is_vip, values: ["true", "false"]}]
windows: [1s, 60s, sliding 60s]
retention: {1s: 5s, sliding 60s: 8s}
metrics:
  - {name: purchase, kind: count, event: purchase, window: 2s, delay: 500ms, where: "vip=true"}
  - {name: spent, kind: mean, event: purchase, window: 4s, decimals: 1, where: "amount=1.50"}
  - {name: huge, kind: quantile, of: unit, event: refund, window: 2s, decimals: 3}
  - {name: calls, kind: count, event: api_call, window: 4s}
  - {name: given, kind: mean, event: refund, window: 3s, decimals: 0, covariate: {prop: amount, decimals: 2}}
  - {name: later, kind: mean, event: purchase, window: 3s, decimals: 2, covariate: {event: refund, period: 4s}}
  - {name: spent_per_call, kind: ratio, numerator: spent, denominator: calls, covariate: {prop: amount}}
`, `
experiment: ranker
unit: event
randomised_by: event
variants: {A: 1, B: 1}
control: A
start: 2026-01-01T00:00:01Z
end: 2026-01-01T00:00:30Z
metrics:
  - {name: latency, kind: mean, event: api_call, decimals: 0, cap: 40}
  - {name: calls, kind: count, event: api_call, where: "vip=true"}
  - {name: vips, kind: conversion, event: api_call, where: "vip=true"}
  - {name: slow, kind: quantile, event: api_call, decimals: 0, quantiles: [0.5]}
  - {name: vip_latency, kind: ratio, numerator: latency, denominator: calls}
`}

// hard draws one event that may be of any age, of any experiment, known by then or not.
func hard(rt *rapid.T, ts int64) (unit string, value []byte) {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(rt, label) }
	unit = fmt.Sprintf("u%d", rapid.IntRange(0, 3).Draw(rt, "unit"))
	id := rapid.IntRange(0, 25).Draw(rt, "id")
	ts -= int64(rapid.SampledFrom([]int{0, 0, 0, 10, 500, 1000, 2500, 6000, 12000}).Draw(rt, "back"))
	version := pick("version", "", `,"config_version":1`, `,"config_version":2`, `,"config_version":3`, `,"config_version":9`)
	props := pick("props", "", `,"props":{"vip":true}`, `,"props":{"vip":"true","amount":1.50}`, `,"props":{"amount":1.5,"vip":false}`)
	tag := pick("tag", "", "", `,"experiment":"ranker","variant":"A"`, `,"experiment":"copy","variant":"long"`, `,"experiment":"ghost","variant":"B"`, `,"experiment":"ranker","variant":"Z"`)
	switch rapid.IntRange(0, 10).Draw(rt, "kind") {
	case 0, 1, 2:
		e := pick("experiment", "button", "copy", "copy", "ranker", "ghost")
		v := pick("variant", "control", "treatment", "short", "long")
		past := pick("amount", "", `,"amount":1.50`, `,"amount":1.5`, `,"amount":"many"`)
		return unit, fmt.Appendf(nil, `{"id":"%c%d","type":"exposure","unit":%q,"experiment":%q,"variant":%q,"ts":%d%s%s}`, 'a'+id%2, id, unit, e, v, ts, version, origin(rt, past))
	case 3, 4, 5:
		v := pick("value", "1.25", "12.345", `"0.045"`, "null", "-3", "1e99", "true")
		return unit, fmt.Appendf(nil, `{"id":"p%d","type":"purchase","unit":%q,"value":%s,"ts":%d%s%s}`, id, unit, v, ts, props, tag)
	case 6:
		v := pick("value", "9007199254740992", "9007199254740.992", "-9007199254740.992", "1", "0.001", "-1", "9007199254740.993")
		return unit, fmt.Appendf(nil, `{"id":"h%d","type":"refund","unit":%q,"value":%s,"ts":%d}`, id, unit, v, ts)
	case 7:
		ref := pick("ref", "p", "p", "h", "a", "r")
		return unit, fmt.Appendf(nil, `{"id":"r%d","type":"retract","unit":%q,"ref":"%s%d","ts":%d}`, id, unit, ref, rapid.IntRange(0, 25).Draw(rt, "of"), ts)
	case 8:
		return "", fmt.Appendf(nil, `{"id":"t%d","type":"api_call","experiment":%q,"variant":"B","value":%d.5,"ts":%d%s%s%s}`, id, pick("of", "ranker", "ranker", "copy", "ghost"), id*3, ts, version, props,
			pick("reason", "", `,"reason":"hash"`, `,"reason":"forced"`))
	case 9:
		return unit, fmt.Appendf(nil, `{"id":"t%d","type":"api_call","unit":%q,"ts":%d%s%s}`, id, unit, ts, props, tag)
	}
	return unit, fmt.Appendf(nil, `{"id":"n%d","type":"page_view","unit":%q,"ts":%d%s}`, id, unit, ts, tag)
}

// registry is what a property has told the registry so far: new versions move weights and ends, new runs none.
type registry struct {
	d       *topologytest.Driver
	entries []experiment.Entry
}

func (r *registry) first(t testing.TB, def string) {
	var e experiment.Entry
	_, value := entry(t, def)
	require.NoError(t, json.Unmarshal(value, &e))
	r.entries = append(r.entries, e)
	r.publish(len(r.entries) - 1)
}

func (r *registry) publish(i int) {
	value, _ := json.Marshal(r.entries[i])
	r.d.Pipe(units.RegistryTable("abacus"), []byte(r.entries[i].Experiment), value)
}

// revise adds a version with other weights, and perhaps another end, in effect from a time on.
func (r *registry) revise(rt *rapid.T, ts int64) {
	if len(r.entries) == 0 {
		return
	}
	i := rapid.IntRange(0, len(r.entries)-1).Draw(rt, "revised")
	e := r.entries[i]
	v := *e.Latest()
	if v.Version == 3 {
		return
	}
	v.Version, v.Effective = v.Version+1, max(v.Effective, ts+int64(rapid.IntRange(0, 3000).Draw(rt, "effective")))
	v.Definition.Variants = append(experiment.Variants{}, v.Definition.Variants...)
	v.Definition.Variants[0].Weight = float64(rapid.IntRange(0, 4).Draw(rt, "weight"))
	if rapid.Bool().Draw(rt, "ends") {
		end := time.UnixMilli(ts + int64(rapid.IntRange(-3000, 9000).Draw(rt, "end"))).UTC()
		v.Definition.End = &end
	}
	e.Versions = append(append([]experiment.Version{}, e.Versions...), v)
	r.entries[i] = e
	r.publish(i)
}

// Any log of experiments that appear, change and end while their units come too late, twice, with too much, or not at all for a
// while, so that tasks are idle.
func TestAnyHardLogGivesWhatVerifyRecomputes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) { hardLog(t, rt, false) })
}

// The same where records lie anywhere, as producers of other languages put them.
func TestAnyMisplacedLogGivesWhatVerifyRecomputes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) { hardLog(t, rt, true) })
}

// hardLog runs one. Where records are misplaced each is forwarded at once, at a time of its own, and the registry stands: verify
// takes them to arrive in the order in which they were appended, and no input tells what was adopted between two of them.
func hardLog(t *testing.T, rt *rapid.T, misplaced bool) {
	const tasks = 3
	patience := time.Duration(rapid.SampledFrom([]int{1, 3, 3_600_000}).Draw(rt, "patience")) * time.Second
	if misplaced {
		patience = 1000 * time.Hour
	}
	d := driver(t, topologytest.Config{Tasks: tasks, Workers: rapid.IntRange(1, 2).Draw(rt, "workers"), IdleAfter: patience})
	r := &registry{d: d}
	later := append([]string{}, short...)
	for ; misplaced && len(later) > 0; later = later[1:] {
		r.first(t, later[0])
	}
	d.Run()
	begun, ts := d.Wall(), d.Wall()
	for range rapid.IntRange(1, 90).Draw(rt, "events") {
		ts += int64(rapid.SampledFrom([]int{0, 1, 100, 500, 1000, 3000}).Draw(rt, "forth"))
		switch n := rapid.IntRange(0, 24).Draw(rt, "registry"); {
		case len(later) > 0 && n < 8:
			r.first(t, later[0])
			later = later[1:]
		case n == 24 && !misplaced:
			r.revise(rt, ts)
		}
		unit, value := hard(rt, ts)
		partition := topology.PartitionOf([]byte(unit), tasks)
		if misplaced {
			partition = int32(rapid.IntRange(0, tasks-1).Draw(rt, "partition"))
		}
		d.PipeTo("abacus.events", partition, task.Record{Key: []byte(unit), Value: anyEncoding(rt, value)})
		switch {
		case misplaced:
			d.Run()
			d.Advance(time.Millisecond)
		case rapid.IntRange(0, 9).Draw(rt, "pause") == 0:
			d.Advance(time.Duration(rapid.IntRange(1, 12).Draw(rt, "quiet")) * time.Second)
		}
		disturb(rt, d)
	}
	d.Run()
	for p := range int32(tasks) { // an event tells how idle the task was before it
		d.PipeTo("abacus.events", p, task.Record{Value: fmt.Appendf(nil, `{"id":"end","type":"page_view","unit":"u","experiment":"ranker","variant":"Z","ts":%d}`, ts)})
	}
	d.Run()
	dead := map[string]int64{}
	for _, rec := range d.Records("abacus.dlq") {
		dead[rec.HeaderMap()["abacus.reason"]]++
	}
	d.Advance(2 * time.Second)
	untilSent(d)
	// Idleness may have taken the watermark on by as much as the wall clock.
	v := recomputed(t, d, verify.Input{Partitions: tasks, Entries: r.entries, Watermark: ts + d.Wall() - begun})
	diff := v.CompareStats(d.Last("abacus.stats"))
	if len(diff) == 0 && fmt.Sprint(dead) == fmt.Sprint(v.DeadLetters()) {
		return
	}
	for _, rec := range d.Records("abacus.events") {
		rt.Logf("%d/%d %d %s", rec.Partition, rec.Offset, rec.Appended-1767225600000, rec.Value)
	}
	rt.Fatalf("%d differences: %+v\ndead %v, verify %v", len(diff), diff[:min(len(diff), 12)], dead, v.DeadLetters())
}
