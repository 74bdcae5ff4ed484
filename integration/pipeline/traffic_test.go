package pipeline

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology"
)

// input is one event on its way to the events topic.
type input struct {
	key, value []byte
	ts         int64     // event time, Unix ms; 0: one that moves no time
	shift      int32     // partitions away from that of the key
	appended   time.Time // zero: now
	headers    []kgo.RecordHeader
}

const button = `
experiment: button
variants: {control: 50, treatment: 50}
control: control
start: 2025-12-01T00:00:00Z
metrics:
  - {name: purchase, kind: conversion, event: purchase, window: 1h}
  - {name: revenue, kind: mean, event: purchase, window: 1h, decimals: 2}
  - {name: orders, kind: count, event: purchase, window: 1h}
  - {name: basket, kind: ratio, numerator: revenue, denominator: orders}
segments:
  - {name: country, values: [DE, FR]}
`

const wording = `
experiment: wording
variants: {control: 1, short: 1, long: 2}
control: control
multiple_variants: first
start: 2025-12-01T00:00:00Z
grace: 8s
metrics:
  - {name: purchase, kind: conversion, event: purchase, window: 20s, delay: 1s}
  - {name: spent, kind: mean, event: purchase, window: 1m, decimals: 1, cap: 20, where: "currency=EUR"}
  - {name: errors, kind: count, event: error, window: 30s}
`

const ranker = `
experiment: ranker
unit: event
randomised_by: event
variants: {A: 1, B: 1}
control: A
start: 2025-12-01T00:00:00Z
metrics:
  - {name: latency, kind: mean, event: api_call, decimals: 3}
  - {name: calls, kind: count, event: api_call}
`

func exposure(id, unit, experiment, variant string, ts int64) input {
	return input{key: []byte(unit), ts: ts, value: fmt.Appendf(nil, `{"id":%q,"type":"exposure","unit":%q,"experiment":%q,"variant":%q,"ts":%d}`, id, unit, experiment, variant, ts)}
}

// from is an exposure that tells the unit's country.
func from(country string, e input) input {
	e.value = fmt.Appendf(e.value[:len(e.value)-1], `,"props":{"country":%q}}`, country)
	return e
}

func purchase(id, unit, value string, ts int64) input {
	return input{key: []byte(unit), ts: ts, value: fmt.Appendf(nil, `{"id":%q,"type":"purchase","unit":%q,"value":%s,"ts":%d,"props":{"currency":"EUR"}}`, id, unit, value, ts)}
}

func retraction(id, unit, ref string, ts int64) input {
	return input{key: []byte(unit), ts: ts, value: fmt.Appendf(nil, `{"id":%q,"type":"retract","unit":%q,"ref":%q,"ts":%d}`, id, unit, ref, ts)}
}

func tagged(id, variant, value string, ts int64) input {
	return input{ts: ts, value: fmt.Appendf(nil, `{"id":%q,"type":"api_call","experiment":"ranker","variant":%q,"value":%s,"ts":%d}`, id, variant, value, ts)}
}

// traffic is events of many units in three experiments: exposures, purchases, errors, crossings,
// retractions, duplicates and bad values, out of order by less than a second.
type traffic struct {
	rng   *rand.Rand
	units int
	start int64 // event time of the first event
	step  int64 // ms between two events
	calm  bool  // nothing that corrects what lies back
	n     int
	kept  []input // the latest, for duplicates
}

func newTraffic(seed uint64, units int, start, step int64) *traffic {
	return &traffic{rng: rand.New(rand.NewPCG(seed, 1)), units: units, start: start, step: step}
}

// next gives the next n events.
func (f *traffic) next(n int) []input {
	events := make([]input, n)
	for i := range events {
		events[i] = f.one()
	}
	return events
}

func (f *traffic) one() input {
	f.n++
	if len(f.kept) > 0 && f.rng.IntN(25) == 0 {
		return f.kept[f.rng.IntN(len(f.kept))]
	}
	e := f.fresh(fmt.Sprintf("u%d", f.rng.IntN(f.units)), f.start+int64(f.n)*f.step-int64(f.rng.IntN(900)))
	if f.kept = append(f.kept, e); len(f.kept) > 20 {
		f.kept = f.kept[1:]
	}
	return e
}

func (f *traffic) fresh(unit string, ts int64) input {
	id := fmt.Sprintf("e%d", f.n)
	arm := int(unit[len(unit)-1]) + int(unit[1])
	if !f.calm && f.rng.IntN(100) == 0 {
		arm++ // a unit crosses over
	}
	switch kind := f.rng.IntN(20); {
	case kind < 4:
		return from([]string{"DE", "FR", "IT"}[f.rng.IntN(3)], exposure(id, unit, "button", []string{"control", "treatment"}[arm%2], ts))
	case kind < 7:
		return exposure(id, unit, "wording", []string{"control", "short", "long", "long"}[arm%4], ts)
	case kind < 13:
		return purchase(id, unit, fmt.Sprintf("%d.%02d", f.rng.IntN(40), f.rng.IntN(100)), ts)
	case kind < 15:
		return input{key: []byte(unit), ts: ts, value: fmt.Appendf(nil, `{"id":%q,"type":"error","unit":%q,"ts":%d}`, id, unit, ts)}
	case kind < 16 && !f.calm:
		return retraction(id, unit, fmt.Sprintf("e%d", f.n-f.rng.IntN(200)), ts)
	case kind < 19:
		e := tagged(id, []string{"A", "B"}[f.rng.IntN(2)], fmt.Sprintf("%d.125", f.rng.IntN(90)), ts)
		e.shift = int32(f.n)
		return e
	}
	return purchase(id, unit, `"12,50"`, ts)
}

// minutesAgo is the start of the minute that long ago, Unix ms.
func minutesAgo(n int) int64 {
	return time.Now().Truncate(time.Minute).Add(-time.Duration(n) * time.Minute).UnixMilli()
}

// unitIn gives the n-th unit of a partition.
func (p *pipeline) unitIn(partition int32, n int) string {
	for i := 0; ; i++ {
		unit := fmt.Sprintf("v%d", i)
		if topology.PartitionOf([]byte(unit), int(p.setup.partitions)) != partition {
			continue
		}
		if n--; n < 0 {
			return unit
		}
	}
}
