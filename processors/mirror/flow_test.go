package mirror_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/flow"
	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
	"github.com/abacus-stream/abacus/processors/mirror"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

const definition = `
experiment: %s
variants: {control: 50, treatment: 50}
control: control
start: 2025-12-01T00:00:00Z
windows: [1s, 60s]
metrics:
  - {name: purchase, kind: conversion, event: purchase, window: 1h}
  - {name: revenue, kind: mean, event: purchase, window: 1h, decimals: 2}
`

func entry(t *testing.T, name string) experiment.Entry {
	def, err := experiment.Parse(fmt.Appendf(nil, definition, name))
	require.NoError(t, err)
	def.Defaults()
	begin := def.Start.UnixMilli()
	return experiment.Entry{Experiment: name, Run: 1, State: experiment.Running,
		Versions: []experiment.Version{{Version: 1, Accepted: begin, Effective: begin, Definition: *def}}}
}

// engine is the whole application: both stages and the mirror.
func engine(t *testing.T, entries ...experiment.Entry) *harness {
	m := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: m.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	var b topology.Builder
	flow.Build(&b, flow.Config{})
	mirror.Build(&b, mirror.Config{Redis: client, Timeout: 10 * time.Second})
	topo, err := b.Build("abacus")
	require.NoError(t, err)
	h := &harness{t: t, redis: m, tasks: 4, d: topologytest.New(t, topo, topologytest.Config{
		Tasks: 4, Workers: 2, Partitions: map[string]int{units.RegistryTable("abacus"): 1},
	})}
	for _, e := range entries {
		row, err := json.Marshal(e)
		require.NoError(t, err)
		h.d.Pipe(units.RegistryTable("abacus"), []byte(e.Experiment), row)
	}
	return h
}

// visit is a unit that sees both experiments, and may buy.
func (h *harness) visit(i int) {
	unit, variant, now := fmt.Sprint("u", i), []string{"control", "treatment"}[i%2], h.d.Wall()
	send := func(format string, args ...any) {
		h.d.Pipe("abacus.events", []byte(unit), fmt.Appendf(nil, format, args...))
	}
	for _, name := range []string{"button", "banner"} {
		send(`{"id":"x-%s-%d","type":"exposure","unit":%q,"experiment":%q,"variant":%q,"ts":%d}`, name, i, unit, name, variant, now)
	}
	if i%3 == 0 {
		send(`{"id":"p-%d","type":"purchase","unit":%q,"value":%d.25,"ts":%d}`, i, unit, i, now+1)
	}
}

// uncommitted lists the hashes that are not the committed record which they name.
func (h *harness) uncommitted() (wrong []string) {
	log := map[string]topologytest.Record{}
	for _, r := range h.d.Records(stats) {
		log[fmt.Sprintf("%d:%d", r.Partition, r.Offset)] = r
	}
	for key, hash := range h.hashes() {
		var rec *result.Record
		r, there := log[hash["_offset"]]
		if !there || result.Codec.Parse(r.Value, &rec) != nil {
			wrong = append(wrong, key)
			continue
		}
		want := mirror.Fields(rec)
		want["_topic"], want["_offset"] = stats, hash["_offset"]
		if !maps.Equal(want, hash) || !strings.Contains(key, "{"+rec.Experiment+"}") {
			wrong = append(wrong, key)
		}
	}
	return wrong
}

func (h *harness) hashes() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, key := range h.redis.Keys() {
		if strings.HasPrefix(key, "ab:stats:") || strings.HasPrefix(key, "ab:window:") {
			all[key] = h.hash(key)
		}
	}
	return all
}

// verifier has read the events and the schedule of adoptions.
func (h *harness) verifier(entries ...experiment.Entry) *verify.Verifier {
	in := verify.Input{Partitions: h.tasks, Entries: entries}
	for _, r := range h.d.Records("abacus-units-changelog") {
		if a, ok, err := units.ParseAdoption(r.Key, r.Value); ok && err == nil {
			in.Adoptions = append(in.Adoptions, verify.Adoption{Experiment: a.Experiment, Run: a.Run, Version: a.Version, Partition: r.Partition, Offset: a.Offset})
		}
	}
	v, err := verify.New(in)
	require.NoError(h.t, err)
	for _, r := range h.d.Records("abacus.events") {
		v.Event(verify.Record{Topic: "abacus.events", Partition: r.Partition, Offset: r.Offset, Appended: r.Appended, Key: r.Key, Value: r.Value})
	}
	return v
}

// Crashes at each step of commits: Redis never shows what is not in the stats topic, and in the end it shows what an
// independent recomputation of the events does.
func TestRedisShowsWhatIsCommittedAndNothingElse(t *testing.T) {
	entries := []experiment.Entry{entry(t, "button"), entry(t, "banner")}
	h := engine(t, entries...)
	h.d.Run()
	steps := []topologytest.Step{topologytest.AfterFlush, topologytest.AfterProduce, topologytest.AfterOffsets, topologytest.AfterEndTxn, topologytest.AfterBatch, topologytest.NoCrash}
	for i := range 60 {
		h.visit(i)
		for h.d.Step() {
		}
		h.d.CrashAt(steps[i%len(steps)])
		h.d.Commit()
		require.Empty(t, h.uncommitted(), i)
		h.d.Run()
		require.Empty(t, h.uncommitted(), i)
		h.d.Advance(300 * time.Millisecond)
	}
	h.d.Advance(90 * time.Second)
	require.Empty(t, h.uncommitted())
	require.ElementsMatch(t, []string{"button", "banner"}, h.members())
	require.Len(t, h.hashes(), 6)
	require.Empty(t, h.verifier(entries...).CompareHashes(h.hashes()))

	// The judges do judge.
	h.redis.HSet("ab:stats:{button}", "units.control", "31")
	require.Equal(t, []string{"ab:stats:{button}"}, h.uncommitted())
	require.Len(t, h.verifier(entries...).CompareHashes(h.hashes()), 1)
}
