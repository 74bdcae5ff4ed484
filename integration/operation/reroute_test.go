package operation

import (
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/topology"
)

const shop = `
experiment: shop
variants: {a: 50, b: 50}
control: a
metrics:
  - {name: bought, kind: conversion, event: purchase, window: 1h}
  - {name: revenue, kind: mean, event: purchase, window: 1h, decimals: 2}
`

// placing is how a producer chooses key and partition of a unit's event.
type placing struct {
	name  string
	place func(unit []byte, n int) (key []byte, partition int32)
}

var placings = []placing{
	{"Kafka's own partitioner", func(unit []byte, _ int) ([]byte, int32) { return unit, topology.PartitionOf(unit, partitions) }},
	{"librdkafka's, by CRC32", func(unit []byte, _ int) ([]byte, int32) {
		return unit, int32(crc32.ChecksumIEEE(unit) % partitions)
	}},
	{"another key", func(unit []byte, n int) ([]byte, int32) {
		key := []byte("session-" + strconv.Itoa(n))
		return key, topology.PartitionOf(key, partitions)
	}},
	{"no key, in turn", func(_ []byte, n int) ([]byte, int32) { return nil, int32(n % partitions) }},
}

// Producers in four languages put the events of the same units in four ways. While the engine keeps
// up each event finds its unit, and counts once.
func TestEventsOfOtherProducersFindTheirUnit(t *testing.T) {
	i := install(t)
	detoured := &atomic.Int64{}
	run := i.run()
	run.says("task runs")
	i.follow(i.prefix+"-unit-repartition", func(*kgo.Record) { detoured.Add(1) })
	i.apply(shop)

	const rounds, units = 20, 60 // of each round
	misplaced := int64(0)
	for round := range rounds {
		var batch []*kgo.Record
		now := time.Now().UnixMilli()
		for n := range units {
			unit := fmt.Sprintf("unit-%d-%d", round, n)
			for at, e := range journey(unit, n, now) {
				r := i.place(placings[(round+n+at)%len(placings)], &e, round*units+n+at)
				if string(r.Key) != unit || r.Partition != topology.PartitionOf([]byte(unit), partitions) {
					misplaced++
				}
				batch = append(batch, r)
			}
		}
		require.NoError(t, i.client.ProduceSync(t.Context(), batch...).FirstErr())
		i.drained("run") // the engine keeps up
	}
	i.verified()
	require.EqualValues(t, misplaced, detoured.Load(), "records on the detour")
	total := i.totals()["shop"]
	require.Equal(t, map[string]int64{"a": rounds * units / 2, "b": rounds * units / 2}, total.Units)
	for variant, sum := range map[string]string{"a": "4200.00", "b": "8400.00"} {
		require.Equal(t, sum, total.Metrics["revenue"].Variants[variant].Sum)
	}
	require.Zero(t, total.Dropped["no_exposure"])
	run.stop()
	i.whole()
}

// journey is what a unit does: it is exposed, purchases for 7 in a or 14 in b, and the purchase comes twice.
func journey(unit string, n int, now int64) []event.Event {
	variant, value := "a", int64(700)
	if n%2 == 1 {
		variant, value = "b", 1400
	}
	purchase := event.Event{ID: []byte("p-" + unit), Unit: []byte(unit), Type: []byte("purchase"), Time: now + 1, Value: event.NewDecimal(value, 2), HasValue: true}
	return []event.Event{
		{ID: []byte("e-" + unit), Unit: []byte(unit), Type: []byte("exposure"), Time: now, Experiment: []byte("shop"), Variant: []byte(variant)},
		purchase, purchase,
	}
}

// place makes the record of an event.
func (i *installation) place(by placing, e *event.Event, n int) *kgo.Record {
	i.t.Helper()
	value, err := event.Codec.Append(nil, *e)
	require.NoError(i.t, err)
	r := &kgo.Record{Topic: i.prefix + ".events", Value: value}
	r.Key, r.Partition = by.place(e.Unit, n)
	return r
}

// apply makes an experiment and waits until it holds.
func (i *installation) apply(definition string) {
	i.t.Helper()
	path := filepath.Join(i.t.TempDir(), "experiment.yaml")
	require.NoError(i.t, os.WriteFile(path, []byte(definition), 0o644))
	i.must("experiments", "apply", "-f", path)
}
