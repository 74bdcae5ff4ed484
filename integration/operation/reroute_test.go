package operation

import (
	"context"
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
start: 2025-12-01T00:00:00Z
metrics:
  - {name: bought, kind: conversion, event: purchase, window: 1m}
  - {name: revenue, kind: mean, event: purchase, window: 1m, decimals: 2}
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

	misplaced := 0
	for round := range rounds {
		misplaced += i.round(round, time.Now().UnixMilli())
		i.drained("run") // the engine keeps up
	}
	i.verified()
	require.EqualValues(t, misplaced, detoured.Load(), "records on the detour")
	i.exact()
	run.stop()
	i.whole()
}

// The same, and an hour of it lies there before the engine starts: its tasks get through their
// partitions at their own pace, so what one forwards to another is hours behind what that one has read.
func TestABacklogOfOtherProducersIsExact(t *testing.T) {
	i := install(t)
	run := i.run()
	run.says("task runs")
	i.apply(shop)
	run.stop()
	begin := time.Now().Add(-time.Hour).UnixMilli()
	for round := range rounds {
		i.round(round, begin+int64(round)*3_600_000/rounds)
	}
	run.start()
	i.verified()
	i.exact()
	run.stop()
	i.whole()
}

// Rounds of events, and the units of each.
const rounds, units = 20, 60

// round produces the events of some units, and gives how many do not lie where their unit's belong.
func (i *installation) round(round int, now int64) (misplaced int) {
	i.t.Helper()
	var batch []*kgo.Record
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
	require.NoError(i.t, i.client.ProduceSync(context.Background(), batch...).FirstErr())
	return misplaced
}

// exact demands that every event of every round is counted, once.
func (i *installation) exact() {
	i.t.Helper()
	total := i.totals()["shop"]
	require.NotNil(i.t, total)
	require.Zero(i.t, total.Dropped["no_exposure"])
	for variant, price := range map[string]int64{"a": 7, "b": 14} {
		n := int64(rounds * units / 2)
		require.Equal(i.t, n, total.Units[variant])
		require.Equal(i.t, strconv.FormatInt(n, 10), total.Metrics["bought"].Variants[variant].Sum)
		require.Equal(i.t, strconv.FormatInt(n*price, 10)+".00", total.Metrics["revenue"].Variants[variant].Sum)
	}
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
