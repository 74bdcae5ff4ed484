package flow

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/verdict"
)

// Exact figures of conversions take the weights at their word. What comes by others must not look like an effect to them.

const drawnShop = `
experiment: shop
variants: {A: 1, B: 1}
control: A
start: 2025-12-01T00:00:00Z
segments: [{name: country, values: [DE]}]
metrics:
  - {name: bought, kind: conversion, event: purchase, window: 10s, primary: true}
  - {name: errors, kind: conversion, event: purchase, window: 10s, goal: decrease, guardrail: true, on_harm: stop}
`

// came pipes the exposures of so many units of an arm in a second, of which one in so many buys. Rest is of the exposure.
func (s *story) came(arm, rest string, at float64, n, every int) {
	s.t.Helper()
	for i := range n {
		unit := fmt.Sprintf("%s-%v-%d%s", arm, at, i, rest)
		s.Pipe("abacus.events", []byte(unit), s.at(fmt.Sprintf(`{"id":"x","type":"exposure","unit":%q,"experiment":"shop","variant":%q,"ts":@%v%s,"props":{"country":"DE"}}`,
			unit, arm, at, rest)))
		if i%every == 0 {
			s.Pipe("abacus.events", []byte(unit), s.at(fmt.Sprintf(`{"id":"y","type":"purchase","unit":%q,"ts":@%v}`, unit, at+0.5)))
		}
	}
	s.Run()
}

// noEffect wants the exact figures of the whole and of its segment to show none, though the arms differ in size, and no stop.
func (s *story) noEffect(fixed float64) {
	s.t.Helper()
	for _, key := range []string{"shop|total", "shop|total|country=DE"} {
		rec := s.record(key)
		for _, metric := range []string{"bought", "errors"} {
			c := rec.Metrics[metric].Comparisons["B"]
			require.Equal(s.t, "multinomial_e_process", c.MethodAlways)
			require.InDelta(s.t, fixed, float(s.t, c.P), 1e-9, key)
			require.EqualValues(s.t, 1, float(s.t, c.PAlways), key)
			require.Negative(s.t, float(s.t, c.RelativeIntervalAlways[0]))
			require.Positive(s.t, float(s.t, c.RelativeIntervalAlways[1]))
			require.Equal(s.t, verdict.NoDifference, c.Verdict)
		}
		require.Equal(s.t, verdict.OK, rec.Split.Verdict)
	}
	require.Empty(s.t, s.decisions())
	s.agrees()
}

func float(t testing.TB, n result.Number) float64 {
	t.Helper()
	x, ok := n.Float()
	require.True(t, ok, "the number is null")
	return x
}

// As many again are forced into B, and buy as often as anybody.
func TestForcedUnitsAreNoEffect(t *testing.T) {
	for _, reason := range []string{"forced", "sticky", "override", "overridden"} {
		s := tell(t, drawnShop)
		for at := range 10 {
			s.came("A", "", float64(at), 40, 4)
			s.came("B", `,"reason":"hash"`, float64(at), 40, 4)
			s.came("B", fmt.Sprintf(`,"reason":%q`, reason), float64(at), 40, 4)
		}
		s.passes(60)
		rec := s.record("shop|total")
		require.EqualValues(t, 800, *rec.Metrics["bought"].Variants["B"].MaturedN, "they count for all else")
		require.Equal(t, "200", rec.Metrics["bought"].Variants["B"].MaturedSum)
		require.Equal(t, new(int64(100)), rec.Metrics["bought"].Variants["B"].MaturedDrawn)
		require.Nil(t, rec.Metrics["bought"].Variants["A"].MaturedDrawn, "all are")
		s.noEffect(1)
	}
}

// The assigner learns 30 s late that the weights have changed, and names no version.
func TestALateAssignerIsNoEffect(t *testing.T) {
	s := tell(t, drawnShop)
	s.revise(5, func(d *experiment.Definition) {
		d.Variants = experiment.Variants{{Name: "A", Weight: 9}, {Name: "B", Weight: 1}}
	})
	for at := range 35 {
		s.came("A", "", float64(at), 20, 10)
		s.came("B", "", float64(at), 20, 10)
	}
	for at := range 10 {
		s.came("A", "", float64(70+at), 90, 10)
		s.came("B", "", float64(70+at), 10, 10)
	}
	s.passes(200)
	s.noEffect(1)
}

// An effect on those who were drawn is found among any number who were not.
func TestAnEffectOnDrawnUnitsIsFound(t *testing.T) {
	s := tell(t, drawnShop)
	for at := range 10 {
		s.came("A", "", float64(at), 80, 8)
		s.came("B", "", float64(at), 80, 3)
		s.came("B", `,"reason":"forced"`, float64(at), 80, 80)
	}
	s.passes(60)
	c := s.record("shop|total").Metrics["bought"].Comparisons["B"]
	require.Less(t, float(t, c.PAlways), 1e-4)
	require.Equal(t, verdict.Better, c.Verdict)
	require.Equal(t, "Higher than control, and higher is better.", c.Reason, "how much higher is not known of all units")
	require.Len(t, s.decisions(), 1, "the guardrail stops")
	s.agrees()
}

// The same of events that are units by themselves, of which the split check is of all.
func TestForcedEventsAreNoEffect(t *testing.T) {
	s := tell(t, ranker)
	for i := range 400 {
		cached := fmt.Sprintf(`,"props":{"cache":%t}`, i%4 == 0)
		s.called(fmt.Sprintf("a%d", i), "A", cached, float64(i/40))
		s.called(fmt.Sprintf("b%d", i), "B", cached, float64(i/40))
		s.called(fmt.Sprintf("f%d", i), "B", `,"reason":"forced"`+cached, float64(i/40))
	}
	s.event("", `{"id":"z","type":"tick","experiment":"ranker","variant":"A","ts":@60}`)
	rec := s.record("ranker|total")
	require.EqualValues(t, 1, float(t, rec.Metrics["fast"].Comparisons["B"].PAlways))
	require.EqualValues(t, 200, *rec.Metrics["fast"].Variants["B"].MaturedNonZero)
	s.agrees()
}
