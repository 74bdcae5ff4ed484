package flow

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
)

const watchedShop = `
experiment: shop
variants: {A: 1, B: 1}
control: A
start: 2025-12-01T00:00:00Z
metrics:
  - {name: bought, kind: conversion, event: purchase, window: 10s, primary: true}
  - {name: errors, kind: conversion, event: error, window: 2s, goal: decrease, guardrail: true, on_harm: %s, margin: 0.01}
  - {name: calls, kind: count, event: call, window: 2s, goal: decrease, guardrail: true, on_harm: alert}
`

// crowd exposes units to both arms in a second, of which every so many of each arm have an event.
func (s *story) crowd(at float64, kind string, everyA, everyB int) {
	s.t.Helper()
	for i := range 40 {
		for arm, every := range map[string]int{"A": everyA, "B": everyB} {
			unit := fmt.Sprintf("%s-%v-%d", arm, at, i)
			s.Pipe("abacus.events", []byte(unit), s.at(fmt.Sprintf(`{"id":"x","type":"exposure","unit":%q,"experiment":"shop","variant":%q,"ts":@%v}`, unit, arm, at)))
			if every > 0 && i%every == 0 {
				s.Pipe("abacus.events", []byte(unit), s.at(fmt.Sprintf(`{"id":"y","type":%q,"unit":%q,"ts":@%v}`, kind, unit, at+0.5)))
			}
		}
	}
	s.Run()
}

// decisions are those on the topic, in order.
func (s *story) decisions() (all []*decision.Record) {
	s.t.Helper()
	for _, rec := range s.Records("abacus.decisions") {
		var d *decision.Record
		require.NoError(s.t, decision.Codec.Parse(rec.Value, &d))
		require.Equal(s.t, "shop", string(rec.Key))
		all = append(all, d)
	}
	return all
}

// decided wants verify to agree with the decisions on the topic, and to miss each one that is taken away or changed.
func (s *story) decided() {
	s.t.Helper()
	s.agrees()
	v := recomputed(s.t, s.Driver, verify.Input{Partitions: s.tasks, Entries: s.entries})
	var records [][]byte
	for _, rec := range s.Records("abacus.decisions") {
		records = append(records, rec.Value)
	}
	last := s.Last("abacus.stats")
	require.Empty(s.t, v.CompareDecisions(records, last))
	if len(records) == 0 {
		return
	}
	require.Len(s.t, v.CompareDecisions(records[:len(records)-1], last), 1, "the last is missing")
	bad := []byte(strings.Replace(string(records[0]), `"pane":`, `"pane":1`, 1))
	require.NotEmpty(s.t, v.CompareDecisions(append(records[1:len(records):len(records)], bad), last))
}

// A novelty wears off: what was better until then is no difference now, though the evidence that there ever was one stays.
func TestANoveltyThatDies(t *testing.T) {
	s := tell(t, fmt.Sprintf(watchedShop, "alert"))
	at := 0.0
	for ; at < 12; at++ {
		s.crowd(at, "purchase", 20, 2)
	}
	s.passes(at + 20)
	rec := s.record("shop|total")
	first := rec.Metrics["bought"].Comparisons["B"]
	require.Equal(t, "better", first.Verdict)
	p, _ := first.PAlways.Float()
	require.NotZero(t, first.CrossedAt)
	for at += 21; at < 55; at++ {
		s.crowd(at, "purchase", 2, 4)
	}
	s.passes(at + 20)
	rec = s.record("shop|total")
	now := rec.Metrics["bought"].Comparisons["B"]
	later, _ := now.PAlways.Float()
	require.LessOrEqual(t, later, p, "p never rises")
	require.Equal(t, first.CrossedAt, now.CrossedAt)
	require.Regexp(t, `^no difference now \(was better until 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\)$`, now.Verdict)
	require.Contains(t, now.Reason, "There was a difference until")
	require.LessOrEqual(t, value(t, now.RelativeIntervalAlways[0]), 0.0)
	require.GreaterOrEqual(t, value(t, now.RelativeIntervalAlways[1]), 0.0)
	s.decided()
}

func value(t *testing.T, n result.Number) float64 {
	t.Helper()
	x, ok := n.Float()
	require.True(t, ok)
	return x
}

// A harmful arm is stopped, once, and with its evidence; a guardrail that only alerts tells.
func TestAHarmfulArmIsStopped(t *testing.T) {
	for _, action := range []string{decision.Stop, decision.Alert} {
		s := tell(t, fmt.Sprintf(watchedShop, action))
		for at := range 20 {
			s.crowd(float64(at), "error", 20, 2)
		}
		s.passes(60)
		s.Advance(2 * time.Second)
		made := s.decisions()
		require.Len(t, made, 1)
		d := made[0]
		require.Equal(t, "shop|1|errors|B", d.ID)
		require.Equal(t, action, d.Action)
		require.Equal(t, 0.01, d.Budget)
		require.Equal(t, 0.005, d.Alpha, "two guardrails, one treatment")
		require.LessOrEqual(t, d.P, d.Alpha)
		require.Zero(t, d.Pane%1000)
		require.Less(t, d.Pane, s.ms(20))
		require.Greater(t, d.Treatment.N, int64(0))
		require.Regexp(t, `^With B, errors is \d+ % higher than with A, and that is more than the margin of 1.0 % beyond chance.$`, d.Reason)
		s.decided()
	}
}

// Good arms are left alone, and what falls is no harm where less is better.
func TestNoHarmIsNotStopped(t *testing.T) {
	s := tell(t, fmt.Sprintf(watchedShop, "stop"))
	for at := range 20 {
		s.crowd(float64(at), "error", 2, 20)
	}
	s.passes(60)
	s.Advance(2 * time.Second)
	require.Empty(t, s.decisions())
	s.decided()
}

// A broken split is stopped by its own level, but only where a guardrail asks for stops.
func TestABrokenSplitIsStopped(t *testing.T) {
	for action, want := range map[string]int{decision.Stop: 1, decision.Alert: 0} {
		s := tell(t, fmt.Sprintf(watchedShop, action))
		for i := range 300 {
			s.exposed("x", fmt.Sprintf("u%d", i), "A", float64(i)/50)
		}
		s.passes(60)
		s.Advance(2 * time.Second)
		made := s.decisions()
		require.Len(t, made, want)
		if want > 0 {
			require.Equal(t, "shop|1|split|", made[0].ID)
			require.Equal(t, []any{decision.Stop, 0.001, 0.001}, []any{made[0].Action, made[0].Alpha, made[0].Budget})
			require.Equal(t, int64(0), made[0].FirstSeen["B"])
		}
		require.Equal(t, "broken split", s.record("shop|total").Split.Verdict)
		s.decided()
	}
}
