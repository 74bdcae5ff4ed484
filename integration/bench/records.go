package bench

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology"
)

// partitions of every topic of events.
const partitions = 4

// perMilli is how many records there are to a millisecond of event time.
const perMilli = 100

// workload is records that depend on their number alone, and experiments that count them.
type workload struct {
	name    string // prefix of its topics
	records int64
	define  []string // YAML documents
	metric  string   // whose sum over all experiments and variants tells when all are in
	// fill sets partition, key and value of the i-th record, of event time ts in Unix ms, and gives what it adds to that sum, in hundredths.
	fill func(i, ts int64, r *kgo.Record) int64
}

const start = "start: 2025-12-01T00:00:00Z"

// taggedSize is the length of a tagged record.
const taggedSize = 152

const experiments = 50

var arms = []string{"A", "B", "C"}

// tagged is events that carry experiment and variant: 50 experiments of 3 variants.
func tagged(records int64) *workload {
	w := &workload{name: "tagged", records: records, metric: "latency", fill: func(i, ts int64, r *kgo.Record) int64 {
		amount := i % 90
		r.Partition, r.Key = int32(i%partitions), nil
		r.Value = taggedEvent(i, ts, int(i%experiments))
		return 100*amount + 25
	}}
	for i := range experiments {
		w.define = append(w.define, fmt.Sprintf(`
experiment: %s
unit: event
randomised_by: event
variants: {A: 1, B: 1, C: 1}
control: A
%s
metrics:
  - {name: latency, kind: mean, event: call, decimals: 2}
`, ranker(i), start))
	}
	return w
}

// arm is experiment and variant of the i-th event.
func arm(i int64, experiment int) string { return ranker(experiment) + "|" + arms[i%int64(len(arms))] }

func ranker(i int) string { return fmt.Sprintf("ranker-%02d", i) }

func taggedEvent(i, ts int64, experiment int) []byte {
	v := fmt.Appendf(nil, `{"id":"c%09d","type":"call","experiment":"%s","variant":"%s","value":%d.25,"ts":%d,"props":{"region":"`,
		i, ranker(experiment), arms[i%int64(len(arms))], i%90, ts)
	for len(v) < taggedSize-len(`"}}`) {
		v = append(v, 'a'+byte(len(v)%26))
	}
	return append(v, `"}}`...)
}

// keyed is tagged records for a rival that counts by key: experiment and variant, a key in one partition.
func keyed(records int64) *workload {
	return &workload{name: "keyed", records: records, fill: func(i, ts int64, r *kgo.Record) int64 {
		r.Key = []byte(arm(i, int(i%experiments)))
		r.Partition, r.Value = topology.PartitionOf(r.Key, partitions), taggedEvent(i, ts, int(i%experiments))
		return 1
	}}
}

const (
	buttons       = 3 // experiments
	eventsPerUnit = 8 // an exposure in each experiment, then purchases
)

// attributed is units that are each exposed in three experiments of two metrics and then purchase five times. Every
// round goes through the units in another order.
func attributed(units int64) *workload {
	w := &workload{name: "attributed", records: units * eventsPerUnit, metric: "revenue", fill: func(i, ts int64, r *kgo.Record) int64 {
		round, unit := i/units, scatter(i/units, i%units, units)
		r.Key = fmt.Appendf(nil, "user-%07d", unit)
		r.Partition = topology.PartitionOf(r.Key, partitions)
		if round < buttons {
			variant := []string{"control", "treatment"}[(unit+round)%2]
			r.Value = fmt.Appendf(nil, `{"id":"e%09d","type":"exposure","unit":"%s","experiment":"button-%d","variant":"%s","ts":%d}`, i, r.Key, round, variant, ts)
			return 0
		}
		r.Value = fmt.Appendf(nil, `{"id":"e%09d","type":"purchase","unit":"%s","value":%d.50,"ts":%d,"props":{"currency":"EUR"}}`, i, r.Key, i%90, ts)
		return buttons * (100*(i%90) + 50)
	}}
	for i := range buttons {
		w.define = append(w.define, fmt.Sprintf(`
experiment: button-%d
variants: {control: 50, treatment: 50}
control: control
%s
metrics:
  - {name: bought, kind: conversion, event: purchase, window: 1h}
  - {name: revenue, kind: mean, event: purchase, window: 1h, decimals: 2}
`, i, start))
	}
	return w
}

// scatter is the i-th of n units in the order of a round: a step that shares no divisor with n reaches each once.
func scatter(round, i, n int64) int64 {
	step := n*5/8 + round*1009
	for gcd(step, n) != 1 {
		step++
	}
	return (i*step + round) % n
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
