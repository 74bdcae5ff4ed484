package flow

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// The cases of what an event means, 17 to 30, through both stages.

const ranker = `
experiment: ranker
unit: event
randomised_by: event
variants: {A: 1, B: 1}
control: A
start: 2025-12-31T23:59:59Z
end: 2026-01-01T00:01:40Z
metrics:
  - {name: latency, kind: mean, event: api_call, decimals: 1, cap: 100}
  - {name: calls, kind: count, event: api_call}
  - {name: fast, kind: conversion, event: api_call, where: "cache=true"}
`

func (s *story) called(id, variant, rest string, at float64) {
	s.t.Helper()
	s.event("", `{"id":%q,"type":"api_call","experiment":"ranker","variant":%q,"ts":@%v%s}`, id, variant, at, rest)
}

func TestCase17_EveryOffsetIsADeadLetterAndTakesNoID(t *testing.T) {
	s := tell(t, shop)
	s.exposed("x1", "u1", "A", 0)
	s.bought("p1", "u1", `"cheap"`, 1)
	s.bought("p1", "u1", `"cheap"`, 1)
	s.exposed("p1", "u1", "C", 1)
	s.bought("p1", "u1", "90071992547409.93", 1)
	s.bought("p1", "u1", "2", 1)
	s.wantDead("bad_value 0/1", "bad_value 0/2", "unknown_variant 0/3", "value_out_of_range 0/4")
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 2.00 matured 0 0.00")
	s.agrees()
}

func TestCase17_TotalsAreJudgedAfterDedup(t *testing.T) {
	s := tell(t, shop)
	s.exposed("x1", "u1", "A", 0)
	s.bought("p1", "u1", "90071992547409.92", 1)
	s.bought("p2", "u1", "0.01", 1)
	s.bought("p2", "u1", "0.01", 1) // its id is taken
	s.bought("p2", "u1", "0.02", 1)
	s.wantDead("value_out_of_range 0/2")
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 90071992547409.92 matured 0 0.00", "conflict 1")
	s.agrees()
}

func TestCase18_OneSpaceOfIDsAndContentByValue(t *testing.T) {
	s := tell(t, shop)
	s.event("u1", `{"id":"i","type":"exposure","unit":"u1","experiment":"shop","variant":"A","ts":@0,"reason":"hash","config_version":1,"props":{"a":1,"b":{"y":[1],"x":"\u00e9"}}}`)
	s.event("u1", `{"config_version":1,"reason":"hash","props":{"b":{"x":"é", "y":[1]},"a":1},"new":true,"ts":"2026-01-01T00:00:00.0009Z","variant":"A","experiment":"shop","unit":"u1","type":"exposure","id":"i"}`)
	s.bought("p", "u1", "1.5", 1)
	s.bought("p", "u1", `"15e-1"`, 1)
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 1.50 matured 0 0.00")
	s.bought("i", "u1", "1.5", 1)
	s.retracts("p", "u1", "q", 1)
	s.bought("p", "u1", "1.5", 1.001)
	s.event("u1", `{"id":"i","type":"exposure","unit":"u1","experiment":"shop","variant":"A","ts":@0,"reason":"hash","config_version":1,"props":{"a":1.0,"b":{"y":[1],"x":"é"}}}`)
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 1.50 matured 0 0.00", "conflict 4")
	s.wantDead()
	s.agrees()
}

func TestCase19_TheFirstFaultIsTheReason(t *testing.T) {
	s := tell(t, shop, ranker)
	s.exposed("x1", "u1", "A", 0)
	s.passes(70)
	long := strings.Repeat("é", 129) // 258 bytes
	for _, bad := range []string{
		"{" + strings.Repeat(" ", 1<<20),
		`{"type":7`,
		`{"id":"` + strings.Repeat("i", 65) + `","ts":1,"value":true}`,
		`{"id":"i","type":"","ts":"soon"}`,
		`{"id":"i","type":"purchase","ts":1.0,"value":true}`,
		`{"id":"i","type":"purchase","ts":946684799999,"value":true}`,
		`{"id":"i","type":"purchase","ts":@300.001,"value":true}`,
		`{"id":"i","type":"retract","ts":@1,"value":true}`,
		`{"id":"i","type":"retract","ts":@1,"unit":"` + long + `"}`,
		`{"id":"i","type":"exposure","ts":@1,"unit":"u1","variant":"C"}`,
		`{"id":"i","type":"exposure","ts":@1,"unit":"u1","experiment":"shop","value":1e99}`,
		`{"id":"i","type":"api_call","ts":@1,"experiment":"ranker","variant":"C","value":1e99}`,
		`{"id":"i","type":"purchase","ts":@1,"unit":"u1","value":1e99}`,
		`{"id":"i","type":"retract","ts":@1,"unit":"u1","ref":""}`,
		`{"id":"i","type":"retract","ts":@1,"unit":"u1","ref":"x1"}`,
		`{"id":"i","type":"retract","ts":@1,"unit":"u1","ref":"p"}`,
	} {
		s.PipeTo("abacus.events", 0, task.Record{Key: []byte("u1"), Value: s.at(bad)})
		s.Run()
	}
	s.wantDead("too_large 0/2", "not_json 0/3", "no_id 0/4", "no_type 0/5", "bad_ts 0/6", "ts_past 0/7", "ts_future 0/8", "bad_value 0/9",
		"no_unit 0/10", "unknown_experiment 0/11", "unknown_variant 0/12", "unknown_variant 0/13", "value_out_of_range 0/14",
		"bad_ref 0/15", "bad_ref 0/16", "retract_too_late 0/17")
	s.agrees()
}

func TestCase20_TheFinestDecimalsOfTheMeansThatTakeTheEvent(t *testing.T) {
	s := tell(t, shop, `
experiment: fine
variants: {A: 1, B: 1}
control: A
start: 2025-12-31T23:00:00Z
metrics:
  - {name: exact, kind: mean, event: purchase, decimals: 9, where: "currency=EUR"}
  - {name: many, kind: count, event: refund}
`)
	s.exposed("x1", "u1", "A", 0)
	s.bought("p1", "u1", "9007199.254740993", 1)
	s.event("u1", `{"id":"p2","type":"purchase","unit":"u1","value":9007199.254740993,"ts":@1,"props":{"currency":"EUR"}}`)
	s.event("u1", `{"id":"p3","type":"purchase","unit":"u1","value":9007199.254740992,"ts":@1,"props":{"currency":"EUR"}}`)
	s.event("u1", `{"id":"p4","type":"refund","unit":"u1","value":1e99,"ts":@1}`)
	s.wantDead("value_out_of_range 0/2")
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 18014398.50 matured 0 0.00", "rounded 2")
	s.agrees()
}

func TestCase20_ATotalBeyondIsRefusedForEveryExperimentAndForGood(t *testing.T) {
	s := tell(t, shop, strings.Replace(shop, "experiment: shop", "experiment: other", 1))
	s.exposed("x1", "u1", "A", 0)
	s.event("u1", `{"id":"y1","type":"exposure","unit":"u1","experiment":"other","variant":"B","ts":@2}`)
	s.bought("p1", "u1", "-90071992547409.92", 1)
	s.bought("p2", "u1", "-0.01", 3) // too far for shop alone
	s.wantDead("value_out_of_range 0/3")
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 -90071992547409.92 matured 0 0.00")
	s.want("other", "bought B 1 0 matured 0 0", "spent B 1 0.00 matured 0 0.00", "before_exposure 1")
	s.retracts("r1", "u1", "p1", 4) // there would be room now
	s.want("shop", "bought A 1 0 matured 0 0", "spent A 1 0.00 matured 0 0.00")
	s.agrees()
}

func TestCase20_WhatARetractionPushesTooFarGoes(t *testing.T) {
	s := tell(t, shop)
	s.exposed("x1", "u1", "A", 0)
	s.bought("p1", "u1", "-0.01", 1)
	s.bought("p2", "u1", "90071992547409.92", 1)
	s.bought("p3", "u1", "0.01", 1)
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 90071992547409.92 matured 0 0.00")
	s.retracts("r1", "u1", "p1", 2)
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 90071992547409.92 matured 0 0.00")
	s.agrees()
}

func TestCase21_22_MissingValuesConvertAndCountsIgnoreThem(t *testing.T) {
	s := tell(t, shop+"  - {name: times, kind: count, event: purchase, window: 60s, cap: 3}\n")
	s.exposed("x1", "u1", "A", 0)
	s.event("u1", `{"id":"p1","type":"purchase","unit":"u1","ts":@1}`)
	s.bought("p2", "u1", "null", 1)
	s.bought("p3", "u1", `"7"`, 1)
	s.bought("p4", "u1", "0", 1)
	s.bought("p5", "u1", `[7]`, 1)
	s.event("u1", `{"id":"p6","type":"tick","unit":"u1","ts":@1,"value":"many"}`)
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 7.00 matured 0 0.00", "times A 1 3 matured 0 0", "no_value 2")
	s.wantDead("bad_value 0/5", "bad_value 0/6")
	s.agrees()
}

func TestCase23_24_DecimalStringsAndRounding(t *testing.T) {
	s := tell(t, shop)
	values := map[string][]string{
		"half": {`"0.125"`, `0.135`, `"1E2"`, `-0.005`, `0.0050000000000000000000000000000000001`, `"-0"`},
		"bad":  {`".5"`, `"5."`, `"+5"`, `"05"`, `" 5"`, `"1e"`, `""`, `"NaN"`, `"0x5"`, `"1_0"`},
	}
	for _, unit := range []string{"half", "bad"} {
		s.exposed("x", unit, "A", 0)
		for i, v := range values[unit] {
			s.bought(string(rune('a'+i)), unit, v, 1)
		}
	}
	// 0.12 + 0.14 + 100 - 0.00 + 0.01 - 0
	s.want("shop", "bought A 2 1 matured 0 0", "spent A 2 100.27 matured 0 0.00", "rounded 4")
	require.Len(t, s.Records("abacus.dlq"), len(values["bad"]))
	s.agrees()
}

func TestCase25_TheCapBoundsTotalsFromAboveAlone(t *testing.T) {
	s := tell(t, strings.Replace(shop, "decimals: 2}", "decimals: 2, cap: 10.5}", 1))
	s.exposed("x1", "u1", "A", 0)
	s.exposed("x2", "u2", "B", 0)
	s.bought("p1", "u1", "8", 1)
	s.bought("p2", "u1", "8", 1)
	s.bought("p3", "u2", "-800", 1)
	rec := s.record("shop|total")
	a := rec.Metrics["spent"].Variants["A"]
	mean, _ := a.Mean.Float()
	require.Equal(t, "10.50", a.Sum)
	require.Equal(t, 10.5, mean)
	require.Equal(t, "-800.00", rec.Metrics["spent"].Variants["B"].Sum)
	s.bought("p4", "u1", "-6", 1) // of the raw total
	require.Equal(t, "10.00", s.record("shop|total").Metrics["spent"].Variants["A"].Sum)
	require.Equal(t, "10.00", s.record("shop|60s|" + s.text(0)).Metrics["spent"].Variants["A"].Sum, "windows are of events, not capped")
	s.agrees()
}

func TestCase26_WhereTakesStringsAndLiterals(t *testing.T) {
	metrics := ""
	for _, where := range []string{"k=1.50", "k=true", "k=null", "k=", "k=é", "k.a=1", "k=1.5", "k=a=b"} {
		metrics += `  - {name: m` + string(rune('a'+strings.Count(metrics, "\n"))) + `, kind: count, event: e, window: 60s, where: "` + where + "\"}\n"
	}
	s := tell(t, shop+metrics)
	s.exposed("x1", "u1", "A", 0)
	for i, props := range []string{
		`{"k":1.50}`, `{"k":"1.50"}`, `{"k":true}`, `{"k":"true"}`, `{"k":null}`, `{}`, `{"k":""}`, `{"k":"\u00e9"}`, `{"\u006b":"e\u0301"}`,
		`{"k":{"a":1}}`, `{"k":"x","k":1.5}`, `{"k":1.5,"k":"x"}`, `{"k":"a=b"}`, `[1]`, `"k"`,
	} {
		s.event("u1", `{"id":"i%d","type":"e","unit":"u1","ts":@1,"props":%s}`, i, props)
	}
	rec := s.record("shop|total")
	got := ""
	for i := range 8 {
		got += rec.Metrics["m"+string(rune('a'+i))].Variants["A"].Sum + " "
	}
	require.Equal(t, "2 2 0 1 1 0 1 1 ", got)
	s.agrees()
}

func TestCase27_TaggedEventsAreTheUnits(t *testing.T) {
	s := tell(t, ranker)
	s.called("a", "A", `,"value":1.25`, 1) // 1.2
	s.called("b", "A", `,"value":250,"props":{"cache":true}`, 1)
	s.called("c", "A", ``, 1)
	s.called("d", "B", `,"value":3`, 1)
	s.event("", `{"id":"e","type":"other","experiment":"ranker","variant":"A","ts":@1}`)
	s.called("f", "A", ``, -1.001)
	s.called("g", "A", ``, 100)
	s.called("h", "C", ``, 1)
	s.called("i", "A", `,"value":1e15`, 1)
	rec := s.record("ranker|total")
	require.Equal(t, map[string]int64{"A": 4, "B": 1}, rec.Units)
	require.NotNil(t, rec.Split)
	s.want("ranker", "calls A 4 3 matured 4 3", "calls B 1 1 matured 1 1", "fast A 4 1 matured 4 1", "fast B 1 0 matured 1 0",
		"latency A 2 101.2 matured 2 101.2", "latency B 1 3.0 matured 1 3.0", "after_end 1", "before_start 1", "no_value 1", "rounded 1")
	s.wantDead("unknown_variant 0/7", "value_out_of_range 0/8")
	s.agrees()
}

func TestCase27_NoSplitWhereEventsAreNotRandomised(t *testing.T) {
	s := tell(t, strings.Replace(ranker, "randomised_by: event", "randomised_by: other", 1))
	s.called("a", "A", `,"value":1`, 1)
	s.called("b", "B", `,"value":3`, 1)
	rec := s.record("ranker|total")
	require.Nil(t, rec.Split)
	require.Equal(t, "events_not_independent", rec.Reason["split"])
	c := rec.Metrics["latency"].Comparisons["B"]
	_, there := c.P.Float()
	require.False(t, there)
	require.Equal(t, []string{"", "events_not_independent"}, []string{c.Verdict, c.Reason})
	s.agrees()
}

func TestCase28_ATaggedEventWithAUnit(t *testing.T) {
	s := tell(t, shop+"  - {name: slow, kind: count, event: api_call, window: 60s}\n", ranker)
	s.exposed("x1", "u1", "A", 0)
	s.event("u1", `{"id":"a","type":"api_call","unit":"u1","experiment":"ranker","variant":"B","ts":@1}`)
	s.event("u1", `{"id":"b","type":"api_call","unit":"u1","experiment":"shop","variant":"B","ts":@1}`)
	s.event("u1", `{"id":"c","type":"api_call","unit":"u1","experiment":"ranker","ts":@1}`)
	s.event("u1", `{"id":"d","type":"api_call","unit":"u1","experiment":"ranker","variant":7,"ts":@1}`)
	s.event("", `{"id":"e","type":"api_call","experiment":"shop","variant":"B","ts":@1}`)
	s.want("shop", "bought A 1 0 matured 0 0", "slow A 1 3 matured 0 0", "spent A 1 0.00 matured 0 0.00")
	s.want("ranker", "calls B 1 1 matured 1 1", "fast B 1 0 matured 1 0", "no_value 1")
	s.wantDead("no_unit 0/5")
	s.agrees()
}

func TestCase29_TagsAndExposuresOfUnknownExperiments(t *testing.T) {
	s := tell(t, shop+"  - {name: slow, kind: count, event: api_call, window: 60s}\n")
	s.exposed("x1", "u1", "A", 0)
	s.event("u1", `{"id":"a","type":"api_call","unit":"u1","experiment":"ranker","variant":"B","ts":@1}`) // ordinary
	s.called("b", "B", "", 1)
	s.called("b", "B", "", 1)
	s.event("", `{"id":"g","type":"api_call","experiment":"ghost","variant":"B","ts":@1}`)
	s.event("u1", `{"id":"x2","type":"exposure","unit":"u1","experiment":"ranker","variant":"B","ts":@1}`)
	s.Wipe()
	s.adopt(ranker)
	s.event("u1", `{"id":"x3","type":"exposure","unit":"u1","experiment":"ranker","variant":"B","ts":@1}`)
	s.retracts("r1", "u1", "x3", 1) // no such event: it waits
	s.event("", `{"id":"r2","type":"retract","experiment":"ranker","variant":"B","ref":"b","ts":@1}`)
	s.passes(6)
	s.want("shop", "bought A 1 0 matured 0 0", "slow A 1 1 matured 0 0", "spent A 1 0.00 matured 0 0.00")
	s.want("ranker", "calls B 2 2 matured 2 2", "fast B 2 0 matured 2 0", "no_value 2")
	s.wantDead("unknown_experiment 0/5", "unknown_experiment 0/6", "no_unit 0/8", "retract_too_late 0/7", "unknown_experiment 0/4")
	s.agrees()
}

func TestCase30_TaggedEventsCountTwiceWhereverTheyLie(t *testing.T) {
	s := tellTo(t, 4, ranker)
	for partition := range int32(4) {
		s.put(partition, "any", `{"id":"a","type":"api_call","unit":"u1","experiment":"ranker","variant":"B","value":2,"ts":@1}`)
		s.put(partition, "", `{"id":"a","type":"api_call","experiment":"ranker","variant":"B","value":2,"ts":@1}`)
	}
	s.want("ranker", "calls B 8 8 matured 8 8", "fast B 8 0 matured 8 0", "latency B 8 16.0 matured 8 16.0")
	require.Empty(t, s.Records(topology.RepartitionTopic("abacus", "unit")))
	s.agrees()
}

func TestCase20_OfSeveralTooFarTheFirstToComeGoes(t *testing.T) {
	def := func(name, key string) string {
		return `
experiment: ` + name + `
variants: {A: 1, B: 1}
control: A
start: 2025-12-31T23:00:00Z
metrics: [{name: sum, kind: mean, event: e, window: 60s, decimals: 0, where: "` + key + `=1"}]
`
	}
	s := tell(t, def("one", "a"), def("two", "b"))
	s.event("u1", `{"id":"x2","type":"exposure","unit":"u1","experiment":"two","variant":"A","ts":@0}`)
	s.event("u1", `{"id":"x1","type":"exposure","unit":"u1","experiment":"one","variant":"A","ts":@0}`)
	for i, e := range []string{`-10,"props":{"a":1,"b":1}`, `9007199254740992,"props":{"b":1}`, `9007199254740991,"props":{"a":1}`, `1,"props":{"a":1,"b":1}`, `1,"props":{"a":1}`} {
		s.event("u1", `{"id":"e%d","type":"e","unit":"u1","ts":@1,"value":%s}`, i, e)
	}
	s.retracts("r1", "u1", "e0", 2)
	// Two has no room for e3; without it one has room for e4.
	s.want("one", "sum A 1 9007199254740992 matured 0 0")
	s.want("two", "sum A 1 9007199254740992 matured 0 0")
	s.agrees()
}
