package flow

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/topology"
)

// The cases of time and state, 1 to 16, through both stages.

func TestCase01_ForwardedRecordsNeitherHoldNorMoveStreamTime(t *testing.T) {
	s := tellTo(t, 4, shop)
	home := topology.PartitionOf([]byte("u1"), 4)
	far := (home + 1) % 4
	s.exposed("x1", "u1", "A", 0)
	s.bought("p1", "u1", "1", 1)
	// Behind the detour the task of u1 has heard nothing: its time stands at 1.
	s.put(far, "u1", `{"id":"f","type":"purchase","unit":"u1","value":2,"ts":@200}`)
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 1.00 matured 0 0.00", "outside_window 1")
	s.put(home, "u1", `{"id":"tick","type":"tick","unit":"u1","ts":@64.999}`)
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 1.00 matured 0 0.00", "outside_window 1")
	s.put(home, "u1", `{"id":"tock","type":"tick","unit":"u1","ts":@65}`)
	s.want("shop", "bought A 1 1 matured 1 1", "spent A 1 1.00 matured 1 1.00", "outside_window 1")
	s.agrees()
}

func TestCase02_MaturityIsByTheExperimentsOwnGrace(t *testing.T) {
	s := tell(t, shop, `
experiment: slow
variants: {A: 1, B: 1}
control: A
grace: 30s
start: 2025-12-31T23:00:00Z
metrics: [{name: bought, kind: conversion, event: purchase, window: 60s}]
`)
	s.exposed("x1", "u1", "A", 0)
	s.event("u1", `{"id":"y1","type":"exposure","unit":"u1","experiment":"slow","variant":"B","ts":@0}`)
	s.passes(65)
	s.want("shop", "bought A 1 0 matured 1 0", "spent A 1 0.00 matured 1 0.00")
	s.want("slow", "bought B 1 0 matured 0 0")
	s.passes(90)
	s.want("slow", "bought B 1 0 matured 1 0")
	// The grace of the task is the largest: an unknown experiment has 30 s to appear.
	s.event("u2", `{"id":"z1","type":"exposure","unit":"u2","experiment":"ghost","variant":"B","ts":@90}`)
	s.passes(119.999)
	s.wantDead()
	s.passes(120)
	s.wantDead("unknown_experiment 0/4")
	s.agrees()
}

func TestCase03_AConversionIsGoneOnceItsExposureIsLaterThanGrace(t *testing.T) {
	s := tell(t, shop)
	s.bought("p1", "u1", "1", 10)
	s.bought("p2", "u1", "2", 10.001)
	s.passes(15)
	s.exposed("x1", "u1", "A", 0)
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 2.00 matured 0 0.00", "no_exposure 1")
	s.bought("p3", "u1", "4", 10)
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 6.00 matured 0 0.00", "no_exposure 1")
	s.agrees()
}

func TestCase04_AUnitThatComesBackAfterItsRowIsANewOne(t *testing.T) {
	s := tell(t, shop)
	s.exposed("x1", "u1", "A", 0)
	s.bought("p1", "u1", "1", 1)
	s.passes(164.9)
	s.exposed("x1", "u1", "A", 0) // still known
	s.bought("p1", "u1", "1", 1)
	s.want("shop", "bought A 1 1 matured 1 1", "spent A 1 1.00 matured 1 1.00")
	s.passes(165)
	s.exposed("x1", "u1", "A", 0) // exactly as old as rows live: the last moment to count, again
	s.want("shop", "bought A 2 1 matured 2 1", "spent A 2 1.00 matured 2 1.00")
	s.exposed("x2", "u1", "B", 165)
	s.want("shop", "bought A 2 1 matured 2 1", "bought B 1 0 matured 0 0", "spent A 2 1.00 matured 2 1.00", "spent B 1 0.00 matured 0 0.00")
	s.agrees()
}

func TestCase04_OlderEventsAreLateAndKeepTheirIDs(t *testing.T) {
	s := tell(t, shop)
	s.exposed("x1", "u1", "A", 100)
	s.passes(165)
	s.bought("p0", "u1", "1", 0)
	s.bought("p1", "u1", "1", -0.001)
	s.bought("p1", "u1", "1", -0.001)
	s.event("u1", `{"id":"t1","type":"tick","unit":"u1","ts":@-1000}`)
	s.want("shop", "bought A 1 0 matured 1 0", "spent A 1 0.00 matured 1 0.00", "before_exposure 1", "late 1")
	late := s.Records("abacus.late")
	require.Len(t, late, 1)
	require.Equal(t, map[string]string{"abacus.source": "abacus.events/0/3", "abacus.reason": "late", "abacus.window": "purchase", "abacus.lateness_ms": "1"}, late[0].HeaderMap())
	require.Equal(t, "u1", string(late[0].Key))
	s.agrees()
}

func TestCase05_RetractionsApplyUntilTheLastMetricOfAllExperimentsHasMatured(t *testing.T) {
	s := tell(t, shop, `
experiment: slow
variants: {A: 1, B: 1}
control: A
start: 2025-12-31T23:00:00Z
metrics: [{name: bought, kind: count, event: purchase, window: 90s}]
`)
	s.exposed("x1", "u1", "A", 0)
	s.event("u1", `{"id":"y1","type":"exposure","unit":"u1","experiment":"slow","variant":"B","ts":@0}`)
	s.bought("p1", "u1", "3", 1)
	s.bought("p2", "u1", "4", 2)
	s.passes(94.999)
	s.retracts("r1", "u1", "p1", 94)
	s.want("shop", "bought A 1 1 matured 1 1", "spent A 1 4.00 matured 1 7.00", "corrections 1")
	s.want("slow", "bought B 1 1 matured 0 0")
	s.passes(95)
	s.retracts("r2", "u1", "p2", 94)
	s.retracts("r3", "u1", "nothing", 95)
	s.wantDead("retract_too_late 0/7", "retract_too_late 0/8")
	s.want("slow", "bought B 1 1 matured 1 1")
	s.agrees()
}

func TestCase06_ARetractionWaitsUntilItsOwnTimeAndGrace(t *testing.T) {
	s := tell(t, shop)
	s.exposed("x1", "u1", "A", 0)
	s.retracts("r1", "u1", "p1", 1)
	s.retracts("r2", "u1", "p2", 1)
	s.Restart()
	s.bought("p1", "u1", "3", 5.999)
	s.wantDead()
	s.Wipe()
	s.passes(6)
	s.wantDead("retract_too_late 0/2")
	s.bought("p2", "u1", "4", 6)
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 4.00 matured 0 0.00")
	s.agrees()
}

func TestCase07_OnlyMetricEventsCanBeRetracted(t *testing.T) {
	s := tell(t, shop)
	s.exposed("x1", "u1", "A", 0)
	s.bought("p1", "u1", "3", 1)
	s.retracts("r1", "u1", "p1", 2)
	s.retracts("r2", "u1", "x1", 2)
	s.retracts("r3", "u1", "r1", 2)
	s.event("u1", `{"id":"r4","type":"retract","unit":"u1","ts":@2}`)
	s.retracts("r5", "u1", "r5", 2)
	s.retracts("r6", "u1", "x2", 2) // waits, and is refused when it turns out to be an exposure
	s.exposed("x2", "u1", "A", 3)
	s.retracts("p1", "u1", "p1", 2) // takes itself back: that needs no look at what p1 is
	s.wantDead("bad_ref 0/3", "bad_ref 0/4", "bad_ref 0/5", "bad_ref 0/6", "bad_ref 0/7", "bad_ref 0/9")
	s.want("shop", "bought A 1 0 matured 0 0", "spent A 1 0.00 matured 0 0.00")
	s.agrees()
}

func TestCase08_AnEarlierExposureAfterMaturityIsACorrection(t *testing.T) {
	s := tell(t, shop)
	s.exposed("x1", "u1", "A", 10)
	s.bought("p1", "u1", "1", 11)
	s.passes(75)
	s.bought("p2", "u1", "2", 9) // before the exposure
	s.exposed("x0", "u1", "A", 8)
	s.bought("p3", "u1", "4", 69) // late, inside the window
	s.want("shop", "bought A 1 1 matured 1 1", "spent A 1 5.00 matured 1 1.00", "before_exposure 1", "corrections 2")
	s.exposed("y0", "u1", "B", 7)
	// The exposure, and both metrics; what has matured stays.
	s.want("shop", "bought A 0 0 matured 1 1", "spent A 0 0.00 matured 1 1.00", "excluded 1", "corrections 5")
	s.agrees()
}

func TestCase09_ASecondVariantExcludesAtAnyDistanceBeforeTheEnd(t *testing.T) {
	s := tell(t, shop+"end: 2026-01-01T00:02:40Z\n")
	s.exposed("x1", "u1", "A", 0)
	s.exposed("x2", "u2", "A", 0)
	s.bought("p1", "u1", "1", 1)
	s.passes(164.9)
	s.exposed("y1", "u1", "B", 159.999)
	s.exposed("y2", "u2", "B", 160)
	s.want("shop", "bought A 1 0 matured 2 1", "spent A 1 0.00 matured 2 1.00", "excluded 1", "after_end 1", "corrections 2")
	s.agrees()
}

func TestCase10_FirstKeepsTheVariantOfTheFirstExposureTiesByIDBytes(t *testing.T) {
	s := tell(t, shop+"multiple_variants: first\n")
	s.exposed("b", "u1", "A", 1)
	s.exposed("B", "u1", "B", 1) // the same time: capitals come first
	s.exposed("a", "u1", "A", 1)
	s.exposed("é", "u2", "A", 1)
	s.exposed("z", "u2", "B", 1) // one byte less than é
	s.bought("p1", "u1", "1", 2)
	s.want("shop", "bought B 2 1 matured 0 0", "spent B 2 1.00 matured 0 0.00", "multiple_variants 2")
	s.agrees()
}

func TestCase11_ExposuresOutsideTheExperimentAreIgnored(t *testing.T) {
	s := tell(t, strings.Replace(shop, "start: 2025-12-31T23:00:00Z", "start: 2025-12-31T23:59:30Z\nend: 2026-01-01T00:01:00Z", 1))
	s.exposed("x0", "u1", "B", -30.001)
	s.exposed("x1", "u1", "B", 60)
	s.exposed("x2", "u2", "B", 60)
	s.exposed("x3", "u1", "A", 59.999)
	s.exposed("x4", "u3", "A", -30)
	s.want("shop", "bought A 2 0 matured 1 0", "spent A 2 0.00 matured 1 0.00", "after_end 1", "before_start 1")
	s.wantDead()
	s.agrees()
}

func TestCase11_AnEndInThePastLeavesNothing(t *testing.T) {
	s := tell(t, shop+"end: 2025-12-31T23:30:00Z\n")
	s.exposed("x1", "u1", "A", 0)
	s.bought("p1", "u1", "1", 1)
	s.Advance(3 * time.Second)
	require.Empty(t, s.Last("abacus.stats"))
	s.exposed("x2", "u1", "A", -1800.001) // late, but not beyond state: nothing is, before the dedup horizon
	s.exposed("x3", "u2", "B", -100)
	s.agrees()
}

func TestCase12_TheEndCutsWhatCountsNotMaturity(t *testing.T) {
	s := tell(t, shop+"end: 2026-01-01T00:00:30Z\n")
	s.exposed("x1", "u1", "A", 10)
	s.bought("p1", "u1", "1", 29.999)
	s.bought("p2", "u1", "2", 30)
	s.passes(74.999)
	s.want("shop", "bought A 1 1 matured 0 0", "spent A 1 1.00 matured 0 0.00", "after_end 1")
	s.passes(75)
	s.want("shop", "bought A 1 1 matured 1 1", "spent A 1 1.00 matured 1 1.00", "after_end 1")
	s.agrees()
}

func TestCase13_EveryReasonOfDropped(t *testing.T) {
	s := tell(t, shop+"end: 2026-01-01T00:01:40Z\nmultiple_variants: first\n", `
experiment: other
variants: {A: 1, B: 1}
control: A
start: 2025-12-31T23:00:00Z
metrics: [{name: seen, kind: count, event: purchase, window: 1h}]
`)
	s.bought("never", "u0", "1", 0)
	s.bought("gone", "u1", "1", 0)
	s.passes(5)
	s.exposed("x1", "u1", "A", -1)
	s.event("u1", `{"id":"y1","type":"exposure","unit":"u1","experiment":"other","variant":"B","ts":@-1}`)
	s.exposed("x2", "u1", "B", 1)
	s.exposed("x0", "u1", "A", -4000)
	s.bought("early", "u1", "1", -2)
	s.bought("outside", "u1", "1", 60)
	s.bought("empty", "u1", "null", 6)
	s.bought("fine", "u1", "0.005", 6)
	s.bought("fine", "u1", "0.0050", 6)
	s.bought("fine", "u1", "0.006", 6)
	s.passes(100)
	s.exposed("x9", "u1", "A", 100)
	s.bought("ended", "u1", "1", 100)
	s.passes(170)
	s.exposed("late", "u1", "A", 4.999)
	s.want("shop", "bought A 1 1 matured 1 1", "spent A 1 0.00 matured 1 0.00", "after_end 2", "before_exposure 1", "before_start 1",
		"conflict 1", "late 1", "multiple_variants 1", "no_exposure 1", "no_value 1", "outside_window 1", "rounded 1")
	s.want("other", "seen B 1 4 matured 0 0", "before_exposure 1", "conflict 1", "late 1", "no_exposure 1")
	s.agrees()
}

func TestCase14_EventsWaitForTheirExperimentThroughARestart(t *testing.T) {
	s := tell(t)
	s.exposed("x1", "u1", "A", 1)
	s.exposed("x1", "u1", "B", 1) // the same id with other content: the first offset wins
	s.exposed("x2", "u2", "B", 1)
	s.event("u3", `{"id":"y","type":"exposure","unit":"u3","experiment":"ghost","variant":"A","ts":@1}`)
	s.event("u3", `{"id":"y","type":"exposure","unit":"u3","experiment":"ghost","variant":"A","ts":@1}`)
	s.Restart()
	s.bought("p1", "u1", "1", 2) // of no experiment that is known
	s.passes(5.999)
	s.Wipe()
	s.adopt(shop)
	s.bought("p2", "u1", "2", 3)
	s.wantDead()
	s.want("shop", "bought A 1 1 matured 0 0", "bought B 1 0 matured 0 0", "spent A 1 2.00 matured 0 0.00", "spent B 1 0.00 matured 0 0.00", "conflict 1")
	s.Restart()
	s.passes(6)
	s.wantDead("unknown_experiment 0/3")
	s.exposed("x9", "u9", "A", 0)
	s.event("u3", `{"id":"y","type":"exposure","unit":"u3","experiment":"ghost","variant":"A","ts":@1}`)
	s.wantDead("unknown_experiment 0/3", "unknown_experiment 0/10")
	s.agrees()
}

func TestCase15_UnitsFallIntoTheEpochTheirEventNames(t *testing.T) {
	s := tell(t, shop)
	exposed := func(unit, variant, version string, at float64) {
		s.event(unit, `{"id":"x","type":"exposure","unit":%q,"experiment":"shop","variant":%q,"config_version":%s,"ts":@%v}`, unit, variant, version, at)
	}
	s.revise(10, func(d *experiment.Definition) {
		d.Variants = experiment.Variants{{Name: "A", Weight: 1}, {Name: "B", Weight: 3}}
	})
	exposed("a1", "A", "1", 20)
	exposed("a2", "A", "7", 9)      // unknown: by time, 1
	exposed("a3", "A", `"2"`, 9)    // no number: by time, 1
	exposed("a4", "A", "2", 9)      // 2
	exposed("a5", "A", "0", 10)     // by time, 2
	exposed("b1", "B", "1", 9)      // 1
	exposed("b2", "B", "1.0", 10)   // no integer: 2
	exposed("b3", "B", "2", 5)      // 2
	exposed("b4", "B", "null", 9.9) // 1
	for i, unit := range []string{"a1", "a4", "b1", "b1", "b3"} {
		s.bought(string(rune('p'+i)), unit, "2", 21)
	}
	rec := s.record("shop|total")
	require.EqualValues(t, 2, rec.ConfigVersion)
	require.Equal(t, map[string]int64{"A": 5, "B": 4}, rec.Units)
	spent := rec.Metrics["spent"]
	require.Equal(t, "welch_stratified", spent.Comparisons["B"].Method)
	require.Equal(t, "z_pooled_stratified", rec.Metrics["bought"].Comparisons["B"].Method)
	// Epoch 1 has totals 2, 0, 0 against 4, 0, epoch 2 has 2, 0 against 2, 0: means 2/3 and 2, then 1 and 1. Weighted by the
	// units of both the difference is 5/9 of 4/3; pooled it would be 3/2 less 4/5.
	difference, _ := spent.Comparisons["B"].Difference.Float()
	require.InDelta(t, 20.0/27, difference, 1e-12)
	// Halves of 5 units, then 1 : 3 of 4, make 3.5 and 5.5.
	require.InDelta(t, 0.25, rec.Split.Weights["A"], 1e-12)
	chi2, _ := rec.Split.Chi2.Float()
	require.InDelta(t, 1.5*1.5/3.5+1.5*1.5/5.5, chi2, 1e-12)
	s.agrees()
}
