package units

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/topology"
	"github.com/stretchr/testify/require"
)

// The rules S1 to S18 of the first stage, where the cases do not show them already.

func TestS02_ArrivalDecidesWhatIsGone(t *testing.T) {
	h := newHarness(t, shop())
	// p1 came before the exposure and in time; the earlier exposure that comes later finds it still there.
	h.pipe(bought("p1", "u1", "1", 3), exposed("x2", "u1", "A", 4), bought("z", "u9", "1", 30), exposed("x1", "u1", "A", 2))
	h.want("A@1 units 1 seen 1 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0")
	// An event older than grace that finds no exposure is gone when one comes.
	h.pipe(bought("q1", "u2", "1", 24), bought("q2", "u2", "1", 26), exposed("y1", "u2", "B", 20))
	h.want("A@1 units 1 seen 1 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0", "B@1 units 1 seen 1 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0", "no_exposure 1")
}

func TestS03_TheFirstExposureByTimeThenID(t *testing.T) {
	h := newHarness(t, shop())
	v := func(e ev, version int) ev { e.Version = version; return e }
	h.apply(revised(shop(), ms(500), func(*experiment.Definition) {}))
	h.pipe(v(exposed("b", "u1", "A", 1), 1), bought("p1", "u1", "1", 10.999), bought("p2", "u1", "2", 60.999))
	h.want("A@1 units 1 seen 1 live 0/1/1 0/300/90000 matured 0/0/0 0/0/0")
	h.pipe(v(exposed("a", "u1", "A", 1), 2), v(exposed("c", "u1", "A", 1), 1))
	h.want("A@1 units 0 seen 1 live 0/0/0 0/0/0 matured 0/0/0 0/0/0", "A@2 units 1 seen 0 live 0/1/1 0/300/90000 matured 0/0/0 0/0/0")
}

func TestS03_WindowsAreHalfOpenAndDelayed(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) { d.Metrics[0].Delay, d.Metrics[1].Delay = 10*seconds, 10*seconds }))
	h.pipe(exposed("x", "u1", "A", 0))
	for i, at := range []float64{-0.001, 0, 9.999, 10, 69.999, 70} {
		h.pipe(bought(fmt.Sprint("p", i), "u1", "1", at))
	}
	h.want("A@1 units 1 seen 1 live 0/1/1 0/200/40000 matured 0/0/0 0/0/0", "before_exposure 1", "outside_window 3")
}

func TestS04_OneDropAnEventAndExperiment(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) { d.Metrics[0].Window, d.Metrics[1].Where = 1*seconds, "k=v" }))
	e := bought("p1", "u1", "1", 2)
	f := bought("p2", "u1", "null", 2)
	f.Props = map[string]string{"k": "v"}
	g := f
	g.ID, g.At = "p3", 70
	h.pipe(exposed("x", "u1", "A", 0), e, f, g) // p1: outside of the only metric that takes it; p2: no value; p3: outside of both
	h.want("A@1 units 1 seen 1 live 0/0/0 0/0/0 matured 1/0/0 1/0/0", "outside_window 2", "no_value 1")
	h.pipe(took("r", "u2", "p1", 70))
	require.Zero(t, h.Counter("retracted").N)
}

func TestS04_ARetractedEventDropsNothing(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x", "u1", "A", 10), bought("p1", "u1", "0.001", 5), bought("p2", "u1", "0.001", 11))
	h.want(oneUnit("0/1/1 0/0/0"), "before_exposure 1", "rounded 1")
	h.pipe(took("r1", "u1", "p1", 11), took("r2", "u1", "p2", 11), took("r3", "u1", "p2", 11))
	h.want(oneUnit("0/0/0 0/0/0"))
}

func TestS06_ExclusionTakesTheWholeContributionBack(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(bought("p0", "u1", "1", 0), exposed("x", "u1", "A", 1), bought("p1", "u1", "1.001", 2), exposed("y", "u1", "B", 3))
	h.want("excluded 1")
	h.wantPanes()
	h.pipe(bought("p2", "u1", "1", 4), exposed("z", "u1", "A", 5))
	h.idle(70)
	h.want("A@1 units 0 seen 1 live 0/0/0 0/0/0 matured 0/0/0 0/0/0", "excluded 1")
	h.wantParts("of A@1 crossed 1 nonzero [0 0]")
}

func TestS08_MaturityTakesTheTotalsOfItsMoment(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x", "u1", "A", 0), bought("p1", "u1", "3", 1))
	h.pipe(bought("p2", "u1", "4", 65)) // moves stream time to m + grace: matured before it is taken
	h.pipe(bought("p3", "u1", "4", 59), bought("p4", "u1", "100", 59))
	h.want("A@1 units 1 seen 1 live 0/1/1 0/5000/25000000 matured 1/1/1 1/300/90000", "outside_window 1", "corrections 2")
	h.pipe(bought("p5", "u1", "1", 59)) // the capped total stays: no correction
	h.want("A@1 units 1 seen 1 live 0/1/1 0/5000/25000000 matured 1/1/1 1/300/90000", "outside_window 1", "corrections 2")
}

func TestS08_AnExposureAfterItsMaturityMaturesAtOnce(t *testing.T) {
	h := newHarness(t, shop())
	h.idle(100)
	h.pipe(exposed("x", "u1", "A", 0), exposed("y", "u2", "A", 94.9))
	h.want("A@1 units 2 seen 2 live 0/0/0 0/0/0 matured 1/0/0 1/0/0")
}

func TestS08_FirstSeenCountsExcludedUnits(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x", "u1", "B", 2), exposed("y", "u1", "A", 1))
	h.idle(5.999)
	h.want("excluded 1")
	h.idle(6)
	h.want("A@1 units 0 seen 1 live 0/0/0 0/0/0 matured 0/0/0 0/0/0", "excluded 1")
	h.wantParts("of A@1 crossed 1 nonzero [0 0]")
}

// A unit that crosses when it has been counted as first seen crosses once, in that arm, whatever comes later.
func TestS08_CrossedAfterItWasSeen(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x", "u1", "B", 2), exposed("w", "u2", "A", 2))
	h.idle(7)
	h.wantParts()
	h.pipe(exposed("y", "u1", "A", 1))
	h.wantParts("of B@1 crossed 1 nonzero [0 0]")
	h.pipe(exposed("z", "u1", "B", 0), exposed("y2", "u1", "A", 8))
	h.wantParts("of B@1 crossed 1 nonzero [0 0]")
}

func TestS08_CrossingIsNoneWhereTheFirstVariantCounts(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) { d.MultipleVariants = "first" }))
	h.pipe(exposed("x", "u1", "B", 2), exposed("y", "u1", "A", 1))
	h.idle(7)
	h.pipe(exposed("z", "u1", "B", 0))
	h.wantParts()
}

// A total of 0 matures as one: the number of the others says how far an asymptotic figure may be trusted.
func TestS08_NonZeroUnits(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x", "u1", "A", 0), exposed("y", "u2", "A", 0), exposed("z", "u3", "A", 0))
	h.pipe(bought("p", "u1", "3", 1), bought("q", "u2", "0", 1))
	h.idle(200)
	h.wantParts("of A@1 crossed 0 nonzero [2 1]")
	h.pipe(bought("r", "u3", "3", 1))
	h.wantParts("of A@1 crossed 0 nonzero [2 1]")
}

func TestS09_ChangesOfClosedPanesAreLate(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x", "u1", "A", 0.5), bought("p1", "u1", "1", 1.2), bought("z", "u9", "1", 6.999))
	h.pipe(bought("p2", "u1", "2", 1.4))
	h.wantPanes("pane 0 A new 1 late 0 0:0 0:0", "pane 1 A new 0 late 0 2:2 2:300")
	h.pipe(bought("z2", "u9", "1", 7), bought("p3", "u1", "2", 1.9))
	h.wantPanes("pane 0 A new 1 late 0 0:0 0:0", "pane 1 A new 0 late 1 3:3 3:500")
	h.pipe(took("r", "u1", "p1", 8))
	h.wantPanes("pane 0 A new 1 late 0 0:0 0:0", "pane 1 A new 0 late 2 2:2 2:400")
	h.pipe(exposed("y", "u1", "B", 9))
	h.wantPanes("pane 0 A new 0 late 1 0:0 0:0", "pane 1 A new 0 late 3 0:0 0:0")
}

func TestS10_UnlimitedWindowsMatureAtTheEndMark(t *testing.T) {
	h := newHarness(t, shop(func(d *experiment.Definition) {
		d.Metrics[0].Window, d.Metrics[1].Window, d.DedupFor = experiment.Unlimited, experiment.Unlimited, experiment.Unlimited
	}))
	h.pipe(exposed("x", "u1", "A", 0), bought("p1", "u1", "1", 1), exposed("y", "u2", "B", 2))
	h.idle(1e9)
	h.want("A@1 units 1 seen 1 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0", "B@1 units 1 seen 1 live 0/0/0 0/0/0 matured 0/0/0 0/0/0")
	h.pipe(exposed("z", "u3", "B", 1e9))
	h.pipe(ended("exp", 1e9+1), ended("exp", 1e9+1))
	h.want("A@1 units 1 seen 1 live 0/1/1 0/100/10000 matured 1/1/1 1/100/10000", "B@1 units 2 seen 2 live 0/0/0 0/0/0 matured 2/0/0 2/0/0")
	h.wantDead()
	_, ok := h.rowOf("u1")
	require.True(t, ok)
	h.pipe(ended("ghost", 1e9+1))
	h.wantDead("unknown_experiment 6")
}

func TestS13_RowsOfManyExperimentsLiveUntilTheLast(t *testing.T) {
	h := newHarness(t, shop(), shop(func(d *experiment.Definition) { d.Experiment, d.DedupFor = "long", 300*seconds }))
	long := exposed("x2", "u1", "A", 10)
	long.Experiment = "long"
	h.pipe(exposed("x1", "u1", "A", 0), long, exposed("x1", "u2", "A", 0))
	h.idle(374.9)
	_, ok := h.rowOf("u1")
	require.True(t, ok)
	_, ok = h.rowOf("u2")
	require.False(t, ok)
	h.idle(375)
	_, ok = h.rowOf("u1")
	require.False(t, ok)
}

func TestS14_TypesThatNoMetricUsesTouchNothing(t *testing.T) {
	h := newHarness(t, shop())
	e := bought("p1", "u1", "1e99", 1)
	e.Type = "scroll"
	h.pipe(e)
	_, ok := h.rowOf("u1")
	require.False(t, ok)
	h.wantDead()
	require.EqualValues(t, 1, h.Counter("ignored_types").N)
}

func TestS14_AnEventIsTakenByTheMetricsKnownWhenItCame(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(bought("p1", "u1", "1", 2))
	h.apply(shop(func(d *experiment.Definition) { d.Experiment = "next" }))
	x := exposed("x1", "u1", "A", 1)
	x.Experiment = "next"
	h.pipe(x, bought("p2", "u1", "5", 3))
	h.wantOf("next", 1, oneUnit("0/1/1 0/500/250000"))
}

func TestS16_AdoptionsAreRowsOfTheTable(t *testing.T) {
	first := shop()
	h := newHarness(t, first)
	h.pipe(exposed("x", "u1", "A", 0))
	h.apply(revised(first, ms(10), func(*experiment.Definition) {}))
	h.commit()
	h.restart()
	h.pipe(exposed("y", "u1", "A", 1))
	h.commit()
	h.restart()
	var got []Adoption
	for key, value := range rowsOf(h) {
		if a, ok, err := ParseAdoption([]byte(key), []byte(value)); ok {
			require.NoError(t, err)
			got = append(got, a)
		}
	}
	require.ElementsMatch(t, []Adoption{{"exp", 1, 1, 7, -1, math.MinInt64}, {"exp", 1, 2, 7, 1, ms(0)}}, got)
	_, ok, _ := ParseAdoption([]byte("u|a|b|c"), nil)
	require.False(t, ok)
	_, _, err := ParseAdoption([]byte("a|a|b|c"), nil)
	require.ErrorIs(t, err, ErrRow)
}

func TestAMovedEndSettlesTheRowsAnew(t *testing.T) {
	first := shop()
	h := newHarness(t, first)
	h.pipe(exposed("x", "u1", "A", 0), bought("p1", "u1", "1", 20), bought("p2", "u1", "2", 30), exposed("y", "u2", "B", 29))
	second := revised(first, ms(25), func(d *experiment.Definition) { end := time.UnixMilli(ms(25)); d.End = &end })
	h.apply(second)
	h.want("A@1 units 1 seen 1 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0", "B@1 units 1 seen 0 live 0/0/0 0/0/0 matured 0/0/0 0/0/0", "after_end 1")
	h.restart()
	h.apply(revised(second, ms(25), func(d *experiment.Definition) { d.End = nil }))
	h.restart()
	h.want("A@1 units 1 seen 1 live 0/1/1 0/300/90000 matured 0/0/0 0/0/0", "B@1 units 1 seen 0 live 0/0/0 0/0/0 matured 0/0/0 0/0/0")
}

func TestAnEndThatMovedWhileTheTaskWasAway(t *testing.T) {
	first := shop()
	h := newHarness(t, first)
	h.pipe(exposed("x", "u1", "A", 0), bought("p1", "u1", "1", 20), bought("p2", "u1", "2", 30))
	h.commit()
	h.log[0] = logged{entry: []byte(`{"experiment":"exp","state":"deleted"}`)} // compacted away
	h.restart()
	h.apply(revised(first, ms(25), func(d *experiment.Definition) { end := time.UnixMilli(ms(25)); d.End = &end }))
	h.want("A@1 units 1 seen 1 live 0/1/1 0/100/10000 matured 0/0/0 0/0/0", "after_end 1")
}

func TestARestartOfAnExperimentBeginsAnew(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x", "u1", "A", 0), bought("p1", "u1", "1", 1))
	next := shop()
	next.Run, next.Versions[0].Effective = 2, ms(10)
	h.apply(next)
	h.pipe(exposed("y", "u1", "B", 9), exposed("z", "u1", "B", 10), bought("p2", "u1", "2", 11))
	h.want(oneUnit("0/1/1 0/100/10000"))
	h.wantOf("exp", 2, "B@1 units 1 seen 0 live 0/1/1 0/200/40000 matured 0/0/0 0/0/0", "before_start 1")
}

func TestAnArchivedExperimentTakesNothing(t *testing.T) {
	e := shop()
	h := newHarness(t, e)
	h.pipe(exposed("x", "u1", "A", 0), bought("p1", "u1", "1", 1))
	e.State = experiment.Archived
	h.apply(e)
	h.pipe(bought("p2", "u1", "1", 2), exposed("y", "u2", "A", 2), exposed("z", "u2", "A", 8))
	h.want(oneUnit("0/1/1 0/100/10000"))
	h.wantDead("unknown_experiment 3")
	e.State = "deleted"
	h.apply(e)
}

func TestWaitingForATaggedExperimentKeepsTheOffsets(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(tagged("c1", "A", "1", 1), tagged("c1", "A", "1", 1), tagged("c2", "Z", "1", 1))
	h.commit()
	h.restart()
	h.apply(ranker())
	h.wantOf("ranker", 1, "A@1 units 2 seen 0 live 0/2/2 2/20/200 matured 0/0/0 0/0/0")
	h.wantDead("unknown_variant 2")
	h.idle(100)
	h.wantDead("unknown_variant 2")
}

func TestDeltasAreOrderedAndSkipWhatDidNotChange(t *testing.T) {
	entries := []experiment.Entry{ranker()}
	for _, name := range []string{"zeta", "alpha", "mid"} {
		entries = append(entries, shop(func(d *experiment.Definition) { d.Experiment = name }))
	}
	h := newHarness(t, entries...)
	h.pipe(tagged("c", "A", "1", 1))
	for i, name := range []string{"mid", "zeta", "alpha"} {
		x := exposed(fmt.Sprint("x", i), "u1", "A", 0)
		x.Experiment = name
		h.pipe(x)
	}
	h.commit()
	var names []string
	for _, d := range h.done.deltas {
		names = append(names, d.name)
	}
	require.Equal(t, "alpha mid ranker zeta", strings.Join(names, " "))
	h.pipe(exposed("x9", "u1", "A", 2))
	h.commit()
	require.Len(t, h.done.deltas, 4)
}

func TestBadRegistryRowsAreErrors(t *testing.T) {
	h := newHarness(t)
	require.ErrorContains(t, h.adopt(topology.GlobalRow{Key: []byte("exp"), Value: []byte("{")}), `"exp"`)
	require.ErrorContains(t, h.adopt(topology.GlobalRow{Key: []byte("exp"), Value: []byte("{}")}), "no version")
	bad := `{"versions":[{"version":1,"definition":{"metrics":[{"name":"m","kind":"mean","where":"nonsense"}]}}]}`
	require.ErrorContains(t, h.adopt(topology.GlobalRow{Key: []byte("exp"), Value: []byte(bad)}), `metric "m"`)
	require.NoError(t, h.adopt(topology.GlobalRow{Key: []byte("exp"), Value: []byte(`{"state":"draft","draft":{"experiment":"exp"}}`)}), "nothing runs yet")
}
