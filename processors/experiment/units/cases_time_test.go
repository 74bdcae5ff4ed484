package units

import (
	"strconv"
	"testing"
	"time"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/topology"
	"github.com/stretchr/testify/require"
)

// rowOf reads the row of a unit; false if there is none.
func (h *harness) rowOf(unit string) (*Row, bool) {
	value, ok, err := h.table.Get([]byte("u|" + unit))
	require.NoError(h.t, err)
	if !ok {
		return nil, false
	}
	r := &Row{}
	require.NoError(h.t, ParseRow(value, r))
	return r, true
}

// forwarded pipes an event as the detour brings it, from a task that has just come to its time.
func (h *harness) forwarded(e ev) { h.forwardedAt(e, float64(e.ms()-base)/1000) }

// forwardedAt does so from a task that has come to a stream time, in seconds.
func (h *harness) forwardedAt(e ev, at float64) {
	h.pipeAs(e, topology.Source{Topic: h.cfg.Detour.Node().Topic, Appended: e.ms(), Headers: []topology.Header{
		{Key: headerSource, Value: []byte("abacus.events/3/77")}, {Key: headerAppended, Value: []byte("1")},
		{Key: headerArrived, Value: strconv.AppendInt(nil, base+int64(at*1000), 10)},
	}})
}

func TestCase01_ForwardedRecordsDoNotMoveStreamTime(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x1", "u1", "A", 0))
	h.forwarded(exposed("x2", "u2", "B", 100))
	h.want("A@1 units 1 seen 0 live 0/0/0 0/0/0 matured 0/0/0 0/0/0", "B@1 units 1 seen 0 live 0/0/0 0/0/0 matured 0/0/0 0/0/0")
	h.pipe(bought("p1", "u9", "1", 65))
	h.want("A@1 units 1 seen 1 live 0/0/0 0/0/0 matured 1/0/0 1/0/0", "B@1 units 1 seen 0 live 0/0/0 0/0/0 matured 0/0/0 0/0/0")
	r, _ := h.rowOf("u1")
	require.Equal(t, []int64{Place(1), Place(1)}, r.Enrolments[0].Matured, "the offset of the record that moved stream time")
}

func TestCase02_TaskGraceIsTheLargest(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) { d.Grace = 1 * seconds }))
	require.EqualValues(t, 5000, h.grace)
	slow := shop(func(d *experiment.Definition) { d.Experiment, d.Grace = "slow", 30*seconds })
	h.apply(slow)
	require.EqualValues(t, 30_000, h.grace)
	// Maturity uses the experiment's own.
	h.pipe(exposed("x1", "u1", "A", 0))
	h.idle(60.9)
	h.want("A@1 units 1 seen 1 live 0/0/0 0/0/0 matured 0/0/0 0/0/0")
	h.idle(61)
	h.want("A@1 units 1 seen 1 live 0/0/0 0/0/0 matured 1/0/0 1/0/0")
}

func TestCase03_AConversionThatWaitedLongerThanGraceIsGone(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(bought("p1", "u1", "1", 10), bought("p2", "u1", "2", 11), bought("px", "u9", "0", 15))
	h.pipe(exposed("x1", "u1", "A", 0)) // stream time 15: p1 is gone, p2 is not
	h.want("A@1 units 1 seen 1 live 0/1/1 0/200/40000 matured 0/0/0 0/0/0", "no_exposure 1")
	h.pipe(bought("p3", "u1", "4", 10.5))
	h.want("A@1 units 1 seen 1 live 0/1/1 0/600/360000 matured 0/0/0 0/0/0", "no_exposure 1")
}

// In a backlog the unit's own task may be far ahead of the one that forwards: when the exposure came is
// decided where it lay.
func TestCase03_AForwardedExposureCameWhenItWasReadFirst(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(bought("p1", "u1", "1", 10), bought("q1", "u2", "1", 10), bought("px", "u9", "0", 60))
	h.forwardedAt(exposed("x1", "u1", "A", 9), 14.9)
	h.want("A@1 units 1 seen 1 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0")
	h.forwardedAt(exposed("x2", "u2", "A", 9), 15)
	h.want("A@1 units 2 seen 2 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0", "no_exposure 1")
}

func TestCase04_RowsLiveUntilDedupAndOlderEventsAreLate(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x1", "u1", "A", 0), bought("q1", "u2", "1", 0))
	h.idle(99.9)
	_, ok := h.rowOf("u2")
	require.True(t, ok)
	h.idle(100)
	_, ok = h.rowOf("u2")
	require.False(t, ok, "never exposed: dedup_for")
	h.idle(164.9)
	_, ok = h.rowOf("u1")
	require.True(t, ok)

	// 60 s window + 5 s grace + 100 s: what is older than 165 s is late.
	h.pipe(bought("p1", "u1", "1", -0.1), bought("p1", "u1", "1", -0.1))
	other := bought("o", "u1", "1", -500)
	other.Type = "scroll"
	h.pipe(other)
	h.commit()
	require.Empty(t, h.done.late, "exactly the bound")
	h.idle(164.95)
	h.pipe(bought("p4", "u1", "1", -0.1), bought("p4", "u1", "1", -0.1), other)
	h.want("A@1 units 1 seen 1 live 0/0/0 0/0/0 matured 1/0/0 1/0/0", "late 1", "before_exposure 1")
	require.Equal(t, []dead{{"purchase+50", "abacus.events/0/5"}}, h.done.late)
	require.EqualValues(t, 2, h.Counter("ignored_types").N)
	require.EqualValues(t, 2, h.Counter("duplicates").N)
	h.idle(165)
	_, ok = h.rowOf("u1")
	require.False(t, ok)
	h.want("A@1 units 1 seen 1 live 0/0/0 0/0/0 matured 1/0/0 1/0/0", "late 1", "before_exposure 1")
}

func TestCase04_AnExposureOlderThanItsRowWouldLiveIsLate(t *testing.T) {
	h := newHarness(t, shop())
	h.idle(200)
	h.pipe(exposed("x1", "u1", "A", 34.9), exposed("x2", "u2", "A", 35.1))
	h.want("A@1 units 1 seen 1 live 0/0/0 0/0/0 matured 1/0/0 1/0/0")
	require.Len(t, h.done.late, 1)
}

func TestCase05_RetractionsApplyUntilTheLastMetricHasMatured(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) { d.Metrics[0].Window = 10 * seconds }))
	h.pipe(exposed("x1", "u1", "A", 0), bought("p1", "u1", "3", 1), bought("p2", "u1", "4", 2))
	h.idle(15)
	h.want("A@1 units 1 seen 1 live 0/1/1 0/700/490000 matured 1/1/1 0/0/0")
	h.pipe(took("r1", "u1", "p1", 15.5), took("r2", "u1", "p2", 16))
	h.want("A@1 units 1 seen 1 live 0/0/0 0/0/0 matured 1/1/1 0/0/0", "corrections 1")
	h.pipe(bought("p3", "u1", "5", 20))
	h.idle(65)
	h.pipe(took("r3", "u1", "p3", 66), took("r4", "u1", "none", 66))
	h.want("A@1 units 1 seen 1 live 0/0/0 0/500/250000 matured 1/1/1 1/500/250000", "corrections 1")
	h.wantDead("retract_too_late 6", "retract_too_late 7")
}

func TestCase06_ARetractionWaitsForItsTarget(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x1", "u1", "A", 0), took("r1", "u1", "p1", 1), took("r2", "u1", "p2", 1))
	h.pipe(bought("p1", "u1", "3", 2))
	h.idle(5.9)
	h.wantDead()
	h.idle(6)
	h.wantDead("retract_too_late 2")
	h.pipe(bought("p2", "u1", "4", 5), took("r3", "u1", "p3", 1))
	h.want("A@1 units 1 seen 1 live 0/1/1 0/400/160000 matured 0/0/0 0/0/0")
	h.wantDead("retract_too_late 2", "retract_too_late 5")
	require.EqualValues(t, 1, h.Counter("retracted").N)
}

func TestCase06_AWaitingRetractionOfAnExposureIsABadRef(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(took("r1", "u1", "x1", 1), exposed("x1", "u1", "A", 2))
	h.wantDead("bad_ref 0")
	h.pipe(bought("r1", "u1", "3", 3)) // the id is free again
	h.want("A@1 units 1 seen 0 live 0/1/1 0/300/90000 matured 0/0/0 0/0/0")
}

func TestCase07_OnlyMetricEventsAreRetracted(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x1", "u1", "A", 0), bought("p1", "u1", "1", 1), took("r1", "u1", "p1", 2))
	h.pipe(took("r2", "u1", "x1", 3), took("r3", "u1", "r1", 3), took("r4", "u1", "", 3), took("r5", "u1", "r5", 3))
	h.wantDead("bad_ref 3", "bad_ref 4", "bad_ref 5", "bad_ref 6")
	h.want("A@1 units 1 seen 0 live 0/0/0 0/0/0 matured 0/0/0 0/0/0")
}

func TestCase08_AnEarlierExposureAfterMaturityMovesNothing(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x1", "u1", "A", 10), bought("p1", "u1", "1", 5))
	h.idle(75)
	h.pipe(exposed("x2", "u1", "A", 4), bought("p2", "u1", "2", 69), bought("p3", "u1", "2", 70))
	h.want("A@1 units 1 seen 1 live 0/1/1 0/200/40000 matured 1/0/0 1/0/0", "before_exposure 1", "outside_window 1", "corrections 3")
	h.pipe(exposed("x3", "u1", "B", 76))
	h.want("A@1 units 0 seen 1 live 0/0/0 0/0/0 matured 1/0/0 1/0/0", "excluded 1", "corrections 5")
}

func TestCase09_ASecondVariantExcludesAtAnyDistance(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) { end := time.UnixMilli(ms(120)); d.End = &end }))
	h.pipe(exposed("x1", "u1", "A", 0), exposed("y1", "u2", "A", 0), bought("p1", "u1", "1", 1))
	h.pipe(exposed("y2", "u2", "B", 120), exposed("x2", "u1", "B", 119.9))
	h.want("A@1 units 1 seen 2 live 0/0/0 0/0/0 matured 2/1/1 2/100/10000", "after_end 1", "excluded 1", "corrections 2")
}

func TestCase10_FirstKeepsTheVariantOfTheFirstExposure(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) { d.MultipleVariants = "first" }))
	h.pipe(exposed("x2", "u1", "B", 1), bought("p1", "u1", "1", 2), exposed("x1", "u1", "A", 1))
	h.want("A@1 units 1 seen 0 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0", "multiple_variants 1")
	h.pipe(exposed("x0", "u1", "B", 0))
	h.want("B@1 units 1 seen 0 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0", "multiple_variants 1")
}

func TestCase11_ExposuresOutsideTheExperimentAreIgnored(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) {
		start, end := time.UnixMilli(ms(10)), time.UnixMilli(ms(100))
		d.Start, d.End = &start, &end
	}))
	h.pipe(exposed("x1", "u1", "B", 9.999), exposed("x2", "u1", "A", 10), exposed("x3", "u1", "B", 100), exposed("x3", "u1", "B", 100))
	h.want("A@1 units 1 seen 1 live 0/0/0 0/0/0 matured 1/0/0 1/0/0", "before_start 1", "after_end 1")
	h.wantDead()
}

func TestCase12_TheEndDoesNotShortenMaturity(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) { end := time.UnixMilli(ms(20)); d.End = &end }))
	h.pipe(exposed("x1", "u1", "A", 0), bought("p1", "u1", "1", 19.999), bought("p2", "u1", "2", 20))
	h.idle(64.999)
	h.want("A@1 units 1 seen 1 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0", "after_end 1")
	h.idle(65)
	h.want("A@1 units 1 seen 1 live 0/1/1 0/100/10000 matured 1/1/1 1/100/10000", "after_end 1")
}

func TestCase13_DroppedIsOfExposedAndKeptUnits(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(bought("p1", "u1", "1", 2), bought("p1", "u1", "9", 2), bought("p1", "u1", "1", 2))
	h.want()
	h.pipe(exposed("x1", "u1", "A", 3))
	h.want("A@1 units 1 seen 0 live 0/0/0 0/0/0 matured 0/0/0 0/0/0", "before_exposure 1", "conflict 1")
	h.pipe(exposed("x0", "u1", "A", 1))
	h.want("A@1 units 1 seen 0 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0", "conflict 1")
	h.pipe(bought("p2", "u1", "null", 4), bought("p3", "u1", "0.001", 4), bought("p4", "u1", "1", 62))
	h.want("A@1 units 1 seen 1 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0", "outside_window 1", "no_value 1", "rounded 1", "conflict 1")
	h.pipe(exposed("x2", "u1", "B", 63))
	h.want("A@1 units 0 seen 1 live 0/0/0 0/0/0 matured 0/0/0 0/0/0", "excluded 1")
}

func TestCase14_EventsWaitForAnUnknownExperiment(t *testing.T) {
	h := newHarness(t, ranker())
	h.pipe(exposed("x1", "u1", "B", 1), exposed("x1", "u1", "A", 2), exposed("x2", "u2", "A", 2))
	h.want()
	h.apply(shop())
	h.want("A@1 units 1 seen 0 live 0/0/0 0/0/0 matured 0/0/0 0/0/0", "B@1 units 1 seen 0 live 0/0/0 0/0/0 matured 0/0/0 0/0/0", "conflict 1")

	lost := ev{ID: "y", Type: "exposure", Unit: "u3", Experiment: "ghost", Variant: "A", At: 3}
	again := lost
	again.At = 5
	h.pipe(lost, again, lost)
	h.idle(7.9)
	h.wantDead()
	h.idle(8)
	h.wantDead("unknown_experiment 3")
	h.idle(30)
	h.wantDead("unknown_experiment 3")
	h.pipe(lost)
	h.wantDead("unknown_experiment 3", "unknown_experiment 6")
}

func TestCase15_AnUnknownConfigVersionIsAsNone(t *testing.T) {
	h := newHarness(t, revised(shop(), ms(10), func(*experiment.Definition) {}))
	with := func(e ev, version int) ev { e.Version = version; return e }
	h.pipe(with(exposed("x1", "u1", "A", 1), 2), with(exposed("x2", "u2", "A", 11), 1), with(exposed("x3", "u3", "A", 11), 3), exposed("x4", "u4", "A", 9.999))
	h.want("A@1 units 2 seen 0 live 0/0/0 0/0/0 matured 0/0/0 0/0/0", "A@2 units 2 seen 1 live 0/0/0 0/0/0 matured 0/0/0 0/0/0")
}

func TestCase34_TheFutureIsJudgedOnceAtTheSource(t *testing.T) {
	h := newHarness(t, shop())
	e := exposed("x1", "u1", "A", 300)
	h.pipeAs(e, topology.Source{Topic: eventsTopic, Key: []byte("u1"), Appended: base})
	e.ID, e.At = "x2", 300.001
	h.pipeAs(e, topology.Source{Topic: eventsTopic, Key: []byte("u1"), Appended: base})
	h.wantDead("ts_future 1")
	h.want("A@1 units 1 seen 0 live 0/0/0 0/0/0 matured 0/0/0 0/0/0")
	e.Unit, e.ID, e.At = "u2", "x3", 400
	h.pipeAs(e, topology.Source{Topic: h.cfg.Detour.Node().Topic, Appended: base})
	h.wantDead("ts_future 1")
}

func TestCase35_DeadLettersNameTheOriginal(t *testing.T) {
	h := newHarness(t, shop())
	h.forwarded(exposed("x1", "u1", "no such", 1))
	h.pipe(bought("p", "u9", "1", 0))
	h.forwarded(took("r1", "u1", "none", 1))
	h.forwarded(ev{ID: "x", Type: "exposure", Unit: "u1", Experiment: "ghost", Variant: "A", At: 1})
	h.commit()
	h.restart()
	h.idle(6)
	h.wantDead("unknown_variant abacus.events/3/77", "retract_too_late abacus.events/3/77", "unknown_experiment abacus.events/3/77")
}
