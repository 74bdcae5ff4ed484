package flow

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
	"github.com/abacus-stream/abacus/topology/task"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// shop matures after 65 s and keeps its rows for 100 s more.
const shop = `
experiment: shop
variants: {A: 1, B: 1}
control: A
start: 2025-12-31T23:00:00Z
grace: 5s
dedup_for: 100s
windows: [1s, 60s]
metrics:
  - {name: bought, kind: conversion, event: purchase, window: 60s}
  - {name: spent, kind: mean, event: purchase, window: 60s, decimals: 2}
`

// story is a case told to the whole flow: events at seconds after its beginning, then what the records say.
type story struct {
	*topologytest.Driver
	t       testing.TB
	base    int64
	tasks   int
	entries []experiment.Entry
}

// tell begins a story with one task that is never idle: only events move its time.
func tell(t testing.TB, defs ...string) *story { return tellTo(t, 1, defs...) }

func tellTo(t testing.TB, tasks int, defs ...string) *story {
	s := &story{Driver: driver(t, topologytest.Config{Tasks: tasks, IdleAfter: 1000 * time.Hour}), t: t, tasks: tasks}
	s.base = s.Wall()
	for _, def := range defs {
		s.adopt(def)
	}
	return s
}

// adopt registers the first version of an experiment.
func (s *story) adopt(def string) {
	s.t.Helper()
	var e experiment.Entry
	_, value := entry(s.t, def)
	require.NoError(s.t, json.Unmarshal(value, &e))
	s.register(e)
}

// revise adds a version of the last experiment registered, in effect from a second on.
func (s *story) revise(at float64, change func(*experiment.Definition)) {
	s.t.Helper()
	e := s.entries[len(s.entries)-1]
	v := *e.Latest()
	v.Version, v.Effective = v.Version+1, s.ms(at)
	change(&v.Definition)
	e.Versions = append(append([]experiment.Version{}, e.Versions...), v)
	s.entries = s.entries[:len(s.entries)-1]
	s.register(e)
}

func (s *story) register(e experiment.Entry) {
	s.t.Helper()
	value, err := json.Marshal(e)
	require.NoError(s.t, err)
	s.entries = append(s.entries, e)
	s.Pipe(units.RegistryTable("abacus"), []byte(e.Experiment), value)
	s.Run()
}

func (s *story) ms(at float64) int64 { return s.base + int64(math.Round(at*1000)) }

var instant = regexp.MustCompile(`@-?[0-9.]+`)

// at writes the times of an event: @1.5 is a second and a half after the beginning.
func (s *story) at(text string) []byte {
	return instant.ReplaceAllFunc([]byte(text), func(m []byte) []byte {
		sec, err := strconv.ParseFloat(string(m[1:]), 64)
		require.NoError(s.t, err)
		return strconv.AppendInt(nil, s.ms(sec), 10)
	})
}

// event pipes one event by the key of its unit and processes it.
func (s *story) event(unit, format string, args ...any) {
	s.t.Helper()
	s.Pipe("abacus.events", []byte(unit), s.at(fmt.Sprintf(format, args...)))
	s.Run()
}

// put pipes an event into a partition, whatever its key.
func (s *story) put(partition int32, key, format string, args ...any) {
	s.t.Helper()
	s.PipeTo("abacus.events", partition, task.Record{Key: []byte(key), Value: s.at(fmt.Sprintf(format, args...))})
	s.Run()
}

func (s *story) exposed(id, unit, variant string, at float64) {
	s.t.Helper()
	s.event(unit, `{"id":%q,"type":"exposure","unit":%q,"experiment":"shop","variant":%q,"ts":@%v}`, id, unit, variant, at)
}

func (s *story) bought(id, unit, value string, at float64) {
	s.t.Helper()
	s.event(unit, `{"id":%q,"type":"purchase","unit":%q,"value":%s,"ts":@%v}`, id, unit, value, at)
}

func (s *story) retracts(id, unit, ref string, at float64) {
	s.t.Helper()
	s.event(unit, `{"id":%q,"type":"retract","unit":%q,"ref":%q,"ts":@%v}`, id, unit, ref, at)
}

// passes moves stream time with an event that no metric uses.
func (s *story) passes(at float64) {
	s.t.Helper()
	s.event("clock", `{"id":"clock-%v","type":"tick","unit":"clock","ts":@%v}`, at, at)
}

// record is the last record of a key. What is emitted at most so often is out by then.
func (s *story) record(key string) *result.Record {
	s.t.Helper()
	s.Advance(2 * time.Second)
	value := s.Last("abacus.stats")[key]
	require.NotNil(s.t, value, "no record %s", key)
	var rec *result.Record
	require.NoError(s.t, result.Codec.Parse(value, &rec))
	return rec
}

// want asserts the total of an experiment: units, each metric as "variant n sum matured-n matured-sum" for variants that
// have units, excluded, dropped and corrections where there are some.
func (s *story) want(name string, lines ...string) {
	s.t.Helper()
	rec := s.record(name + "|total")
	s.ripen(rec)
	require.Equal(s.t, strings.Join(lines, "\n"), strings.Join(told(rec), "\n"))
}

// ripen adds to a total what has matured and waits for the end of its pane.
func (s *story) ripen(rec *result.Record) {
	for key, row := range s.Last("abacus-cells-changelog") {
		if row == nil || !strings.HasPrefix(key, fmt.Sprintf("m|%s|%d|", rec.Experiment, rec.Run)) {
			continue
		}
		var d *experiment.Delta
		require.NoError(s.t, experiment.DeltaCodec{}.Parse(row[1:], &d))
		def := &s.entries[slices.IndexFunc(s.entries, func(e experiment.Entry) bool { return e.Experiment == rec.Experiment })].Latest().Definition
		for _, c := range d.Cells {
			for i, sums := range append(c.Matured, c.Live...) {
				if def.Metrics[i].Kind == "ratio" {
					continue
				}
				if def.Unit == "event" && def.Metrics[i].Kind != "mean" {
					sums.N = c.Units
				}
				s.ripenMetric(rec, def, i, c.Variant, sums, def.Metrics[i].Scale())
			}
			for _, j := range c.Joint {
				if m := &def.Metrics[j.Metric]; m.Kind == "ratio" {
					j.Matured.Add(j.Live)
					s.ripenMetric(rec, def, j.Metric, c.Variant, stats.Sums{N: j.Matured.N, S: j.Matured.S[0]}, def.Metrics[def.Part(m.Numerator)].Scale())
				}
			}
		}
	}
}

func (s *story) ripenMetric(rec *result.Record, def *experiment.Definition, metric, variant int, sums stats.Sums, scale int) {
	variants, name := rec.Metrics[def.Metrics[metric].Name].Variants, def.Variants[variant].Name
	v := variants[name]
	whole, err := strconv.ParseInt(strings.Replace(v.MaturedSum, ".", "", 1), 10, 64)
	require.NoError(s.t, err)
	*v.MaturedN += sums.N
	v.MaturedSum = stats.Sums{S: sums.S.AddInt64(whole)}.SumText(scale)
	variants[name] = v
}

func told(rec *result.Record) (lines []string) {
	for _, metric := range sortedKeys(rec.Metrics) {
		variants := rec.Metrics[metric].Variants
		for _, name := range sortedKeys(variants) {
			if v := variants[name]; *v.N != 0 || *v.MaturedN != 0 {
				lines = append(lines, fmt.Sprintf("%s %s %d %s matured %d %s", metric, name, *v.N, v.Sum, *v.MaturedN, v.MaturedSum))
			}
		}
	}
	if *rec.Excluded != 0 {
		lines = append(lines, fmt.Sprintf("excluded %d", *rec.Excluded))
	}
	for _, reason := range sortedKeys(rec.Dropped) {
		if n := rec.Dropped[reason]; n != 0 {
			lines = append(lines, fmt.Sprintf("%s %d", reason, n))
		}
	}
	if n := rec.PostMaturityCorrections; n != 0 {
		lines = append(lines, fmt.Sprintf("corrections %d", n))
	}
	return lines
}

// wantDead asserts the dead letters as "reason partition/offset" of the originals, in their order.
func (s *story) wantDead(lines ...string) {
	s.t.Helper()
	got := []string{}
	for _, rec := range s.Records("abacus.dlq") {
		h := rec.HeaderMap()
		got = append(got, h["abacus.reason"]+" "+strings.TrimPrefix(h["abacus.source"], "abacus.events/"))
	}
	require.Equal(s.t, append([]string{}, lines...), got)
}

// agrees ends a story: verify recomputes the same statistics and the same dead letters.
func (s *story) agrees() {
	s.t.Helper()
	s.Advance(2 * time.Second)
	v := recomputed(s.t, s.Driver, verify.Input{Partitions: s.tasks, Entries: s.entries})
	require.Empty(s.t, v.CompareStats(s.Last("abacus.stats")))
	dead := map[string]int64{}
	for _, rec := range s.Records("abacus.dlq") {
		dead[rec.HeaderMap()["abacus.reason"]]++
	}
	require.Equal(s.t, dead, v.DeadLetters())
}

// recomputed is verify over all that a driver has read, with the schedule that its tasks wrote.
func recomputed(t testing.TB, d *topologytest.Driver, in verify.Input) *verify.Verifier {
	t.Helper()
	in.Quiets = []verify.Quiet{}
	for _, rec := range d.Records("abacus-units-changelog") {
		if a, ok, err := units.ParseAdoption(rec.Key, rec.Value); ok && rec.Value != nil {
			require.NoError(t, err)
			in.Adoptions = append(in.Adoptions, verify.Adoption{Experiment: a.Experiment, Run: a.Run, Version: a.Version, Partition: rec.Partition, Offset: a.Offset, StreamTime: a.StreamTime})
		}
		if q, ok, err := units.ParseQuiet(rec.Key, rec.Value); ok && rec.Value != nil {
			require.NoError(t, err)
			in.Quiets = append(in.Quiets, verify.Quiet{Partition: rec.Partition, Offset: q.Offset, StreamTime: q.StreamTime})
		}
	}
	v, err := verify.New(in)
	require.NoError(t, err)
	for _, rec := range d.Records("abacus.events") {
		v.Event(verify.Record{Topic: "abacus.events", Partition: rec.Partition, Offset: rec.Offset, Appended: rec.Appended, Key: rec.Key, Value: rec.Value})
	}
	return v
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// text is an instant as keys have it.
func (s *story) text(at float64) string { return strconv.FormatInt(s.ms(at), 10) }
