package cells_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/codecs/schematest"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
	"github.com/abacus-stream/abacus/processors/experiment/verdict"
)

const (
	german, french, elsewhere = 1, 2, 3
	ofGermany                 = "button|total|country=DE"
	ofFrance                  = "button|total|country=FR"
)

// parted is an experiment by country.
func parted(change ...func(*experiment.Definition)) experiment.Entry {
	return entry(append(change, func(d *experiment.Definition) {
		d.Segments = []experiment.Dimension{{Name: "country", Prop: "country", Values: []string{"DE", "FR"}}}
	})...)
}

// buyerOf is a buyer of a segment.
func buyerOf(segment, variant int, pane, cents int64) *experiment.Delta {
	d := buyer(variant, pane, cents)
	part := d.Cells[0]
	part.Segment = segment
	d.Cells = append(d.Cells, part)
	return d
}

func TestASegmentIsPublishedBesideTheWhole(t *testing.T) {
	b := newBench(t)
	b.define(parted())
	b.delta("button", buyerOf(german, 0, t0, 1000))
	b.delta("button", buyerOf(german, 1, t0, 2000))
	b.delta("button", buyerOf(french, 1, t0, 400))
	b.d.Run()
	b.d.Advance(2_000_000_000)
	last := b.last()
	require.Equal(t, map[string]int64{"control": 1, "treatment": 2}, last["button|total"].Units)
	de := last[ofGermany]
	require.Equal(t, "country=DE", de.Segment)
	require.Equal(t, map[string]int64{"control": 1, "treatment": 1}, de.Units)
	require.Equal(t, "20.00", de.Metrics["revenue"].Variants["treatment"].Sum)
	require.Contains(t, de.Metrics["revenue"].Comparisons, "treatment")
	require.Nil(t, de.Dropped)
	require.Equal(t, map[string]int64{"control": 0, "treatment": 1}, last[ofFrance].Units)
	require.NotContains(t, last, "button|total|country=other", "nobody was there")
	require.False(t, de.Closed)
	for _, value := range b.d.Last(published) {
		require.NoError(t, schematest.Check(result.Schema, value))
	}
}

// What does not change is sent no more, but with the end of the latest pane: then it is as closed as the whole.
func TestASegmentIsSentWhenItChangesOrTheWholeIsClosed(t *testing.T) {
	b := newBench(t)
	b.define(parted())
	b.delta("button", buyerOf(german, 0, t0, 1000))
	b.delta("button", buyerOf(french, 1, t0, 400))
	b.d.Run()
	b.d.Advance(2_000_000_000)
	sent := b.sent(ofFrance)
	b.delta("button", buyerOf(german, 1, t0, 1000))
	b.d.Run()
	b.d.Advance(2_000_000_000)
	require.Equal(t, sent, b.sent(ofFrance))
	require.Equal(t, map[string]int64{"control": 1, "treatment": 1}, b.last()[ofGermany].Units)
	b.watermark(t0 + 1000)
	b.d.Run()
	b.d.Advance(2_000_000_000)
	for _, key := range []string{"button|total", ofGermany, ofFrance} {
		require.True(t, b.last()[key].Closed, key)
		require.Equal(t, t0+1000, b.last()[key].AsOf, key)
	}
	sent = b.sent(ofFrance)
	b.delta("button", buyerOf(german, 1, t0+5000, 1000))
	b.d.Run()
	b.d.Advance(2_000_000_000)
	require.False(t, b.last()[ofFrance].Closed, "the experiment goes on")
	b.watermark(t0 + 9000)
	b.d.Run()
	b.d.Advance(2_000_000_000)
	require.Equal(t, t0+6000, b.last()[ofFrance].AsOf)
	require.True(t, b.last()[ofFrance].Closed)
	require.Equal(t, sent+2, b.sent(ofFrance))
}

func TestSegmentsSurviveARestartAndGoWithTheirRun(t *testing.T) {
	b := newBench(t)
	b.delta("button", buyerOf(german, 0, t0, 1000)) // before its definition
	b.d.Run()
	b.define(parted())
	b.d.Run()
	b.delta("button", buyerOf(german, 1, t0, 1000))
	b.d.Run()
	b.d.Restart()
	b.d.Run()
	b.delta("button", buyerOf(german, 1, t0, 1000))
	b.d.Run()
	b.d.Advance(2_000_000_000)
	require.Equal(t, map[string]int64{"control": 1, "treatment": 2}, b.last()[ofGermany].Units)

	next := entry()
	next.Run = 2
	b.define(next)
	b.d.Run()
	b.d.Advance(2_000_000_000)
	require.NotContains(t, b.last(), ofGermany)
	require.Empty(t, b.rows('g'))
	require.EqualValues(t, 2, b.last()["button|total"].Run)
}

// partOf is the seen cell of a segment.
func partOf(segment int, c experiment.CellDelta) experiment.CellDelta {
	c.Segment = segment
	return c
}

// The whole's split breaks with that of a segment, at 0.001 over the three that there are.
func TestTheWorstSegmentIsNamed(t *testing.T) {
	e := parted()
	fine := cellsTotal(e, &experiment.Delta{Run: 1, Cells: []experiment.CellDelta{
		seen(0, 1, 10_000, 10_000), seen(1, 1, 10_000, 10_000),
		partOf(german, seen(0, 1, 5100, 5100)), partOf(german, seen(1, 1, 4900, 4900)),
		partOf(elsewhere, seen(0, 1, 4800, 4800)), partOf(elsewhere, seen(1, 1, 5200, 5200)),
	}})
	p := inverse(evidence(1000, 2, []int64{1, 1}, []int64{4800, 5200}))
	require.Equal(t, verdict.OK, fine.Split.Verdict)
	require.Equal(t, "country=other", fine.Split.WorstSegment)
	require.InEpsilon(t, p, num(t, fine.Split.PWorstSegment), 1e-8)

	for n, broken := range map[int64]bool{4784: false, 4768: true} {
		all := []experiment.CellDelta{
			seen(0, 1, 10_000, 10_000), seen(1, 1, 10_000, 10_000),
			partOf(french, seen(0, 1, n, n)), partOf(french, seen(1, 1, 10_000-n, 10_000-n)),
			partOf(german, seen(0, 1, 10_000-n, 10_000-n)), partOf(german, seen(1, 1, n, n)),
		}
		p := inverse(evidence(1000, 2, []int64{1, 1}, []int64{n, 10_000 - n}))
		require.Equal(t, broken, p <= 0.001/3, "%v", p)
		require.Less(t, p, 0.001, "one alone would be broken")
		whole := cellsTotal(e, &experiment.Delta{Run: 1, Cells: all})
		part := cells.Segment(cells.TotalInput{Entry: &e, Sums: &experiment.Delta{Run: 1, Cells: all}, AsOf: t0}, french)
		require.Equal(t, broken, whole.Split.Verdict == verdict.BrokenSplit)
		require.Equal(t, broken, part.Split.Verdict == verdict.BrokenSplit)
		if broken {
			require.Equal(t, "Units of country=DE do not come to the variants as the weights say (segment_split).", whole.Split.Reason, "the first of equals")
			require.Equal(t, verdict.BrokenSplit, whole.Metrics["revenue"].Comparisons["treatment"].Verdict)
		}
	}
}

// A segment may show harm, and never success: it is one of many.
func TestASegmentIsNeverBetter(t *testing.T) {
	e := parted(func(d *experiment.Definition) { d.Metrics[0].Primary = true })
	for _, c := range []struct {
		treated int64
		verdict string
	}{{2000, verdict.Collecting}, {500, verdict.Worse}} {
		sums := &experiment.Delta{Run: 1}
		for _, cell := range []experiment.CellDelta{grown(0, 1, 10_000, 1000, 300), grown(1, 1, 10_000, c.treated, 300)} {
			sums.Cells = append(sums.Cells, cell, partOf(german, cell))
		}
		part := cells.Segment(cells.TotalInput{Entry: &e, Sums: sums, AsOf: t0}, german)
		got := part.Metrics["purchase"].Comparisons["treatment"]
		require.Equal(t, c.verdict, got.Verdict)
		require.False(t, part.Metrics["purchase"].Primary)
		whole := cellsTotal(e, sums).Metrics["purchase"].Comparisons["treatment"]
		require.Equal(t, whole.PAlways, got.PAlways, "the same units, the same figures")
		require.Equal(t, whole.P, got.P)
	}
}

func TestLeftOutUnitsAreCountedWhereSomeAre(t *testing.T) {
	sums := &experiment.Delta{Run: 1}
	sums.LeftOut[experiment.CauseList], sums.LeftOut[experiment.CauseHeld] = 2, 7
	require.Nil(t, cellsTotal(entry(), sums).LeftOut)
	e := entry(func(d *experiment.Definition) { d.Exclude.Units = []string{"qa"} })
	require.Equal(t, map[string]int64{"listed": 2}, cellsTotal(e, sums).LeftOut)
	e = entry(func(d *experiment.Definition) { d.Holdout = &experiment.Holdout{Name: "h", Share: 0.1} })
	require.Equal(t, map[string]int64{"holdout": 7}, cellsTotal(e, sums).LeftOut)
}
