package experiment_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/quantile"
)

var codec codecs.Codec[*experiment.Delta] = experiment.DeltaCodec{}

var sumsOf = rapid.Custom(func(t *rapid.T) stats.Sums {
	s := stats.Sums{N: rapid.Int64().Draw(t, "n")}
	s.S = stats.Int128{Hi: rapid.Int64().Draw(t, "hi"), Lo: rapid.Uint64().Draw(t, "lo")}
	s.SS = stats.Int192{Hi: rapid.Int64().Draw(t, "hi"), Mid: rapid.Uint64().Draw(t, "mid"), Lo: rapid.Uint64().Draw(t, "lo")}
	if rapid.Bool().Draw(t, "plain") {
		v := rapid.Int64().Draw(t, "v")
		s.S, s.SS = stats.Int128{}.AddInt64(v), stats.Int192{}.AddInt64Product(v, v)
	}
	return s
})

// list draws a slice, nil where it is empty.
func list[T any](t *rapid.T, of *rapid.Generator[T], label string) []T {
	s := rapid.SliceOfN(of, 0, 4).Draw(t, label)
	if len(s) == 0 {
		return nil
	}
	return s
}

var cellOf = rapid.Custom(func(t *rapid.T) experiment.CellDelta {
	c := experiment.CellDelta{
		Variant: rapid.IntRange(0, math.MaxInt32).Draw(t, "variant"), Epoch: rapid.Int64().Draw(t, "epoch"),
		Units: rapid.Int64().Draw(t, "units"), FirstSeen: rapid.Int64().Draw(t, "first"),
		Crossed: rapid.Int64().Draw(t, "crossed"),
		Live:    list(t, sumsOf, "live"), Matured: list(t, sumsOf, "matured"), NonZero: list(t, rapid.Int64(), "nonzero"),
		Drawn: list(t, rapid.Int64Range(1, math.MaxInt64), "drawn"), Bins: list(t, binsOf, "bins"), Joint: list(t, jointOf, "joint"),
		Ripe: 1000 * rapid.Int64Range(0, 1e12).Draw(t, "ripe"),
	}
	if rapid.Bool().Draw(t, "of a segment") {
		c.Segment, c.Excluded, c.Corrections = rapid.IntRange(1, math.MaxInt32).Draw(t, "segment"), rapid.Int64().Draw(t, "excluded"), rapid.Int64().Draw(t, "corrections")
	}
	return c
})

var jointOf = rapid.Custom(func(t *rapid.T) experiment.JointSums {
	totals := rapid.IntRange(1, 4).Draw(t, "totals")
	sums := func(label string) (j stats.Joint) {
		j.N = rapid.Int64().Draw(t, label)
		for range totals {
			j.S = append(j.S, sumsOf.Draw(t, "s").S)
		}
		for range totals * (totals + 1) / 2 {
			j.P = append(j.P, sumsOf.Draw(t, "p").SS)
		}
		return j
	}
	return experiment.JointSums{Metric: rapid.IntRange(0, 63).Draw(t, "metric"), Live: sums("live"), Matured: sums("matured")}
})

var sketchOf = rapid.Custom(func(t *rapid.T) (s quantile.Sketch) {
	for _, v := range rapid.SliceOfN(rapid.Int64Range(-1<<53, 1<<53), 1, 5).Draw(t, "values") {
		s.Add(v, rapid.SampledFrom([]int64{1, -1, 7}).Draw(t, "times"))
	}
	s.Add(1, 1<<40) // never empty
	return s
})

var binsOf = rapid.Custom(func(t *rapid.T) experiment.Bins {
	return experiment.Bins{Metric: rapid.IntRange(0, 63).Draw(t, "metric"), Bucket: rapid.IntRange(0, 31).Draw(t, "bucket"), Values: sketchOf.Draw(t, "sketch")}
})

// paneBinsOf has what only the last metric of a pane must have: something.
var paneBinsOf = rapid.Custom(func(t *rapid.T) (b experiment.PaneBins) {
	b.Values = sketchOf.Draw(t, "sketch")
	for gap, n := range rapid.MapOfN(rapid.IntRange(1, 60), rapid.Int64Range(1, 9), 0, 4).Draw(t, "seen") {
		b.Seen.Add(gap, n)
	}
	for _, hash := range list(t, rapid.Uint64(), "tagged") {
		b.Tagged.Add(hash)
	}
	return b
})

var paneSumsOf = rapid.Custom(func(t *rapid.T) experiment.PaneSums {
	return experiment.PaneSums{Events: rapid.Int64().Draw(t, "events"), Sum: sumsOf.Draw(t, "sum").S}
})

var paneOf = rapid.Custom(func(t *rapid.T) experiment.PaneDelta {
	return experiment.PaneDelta{
		Variant: rapid.IntRange(0, 5).Draw(t, "variant"), Start: rapid.Int64().Draw(t, "start"),
		UnitsNew: rapid.Int64().Draw(t, "new"), Late: rapid.Int64().Draw(t, "late"), Metrics: list(t, paneSumsOf, "metrics"),
		Bins: list(t, paneBinsOf, "bins"),
	}
})

var deltaOf = rapid.Custom(func(t *rapid.T) *experiment.Delta {
	d := &experiment.Delta{
		Run: rapid.IntRange(0, math.MaxInt32).Draw(t, "run"), Version: rapid.Int64().Draw(t, "version"),
		Cells: list(t, cellOf, "cells"), Panes: list(t, paneOf, "panes"),
		Excluded: rapid.Int64().Draw(t, "excluded"), Corrections: rapid.Int64().Draw(t, "corrections"),
	}
	for i := range d.Dropped {
		d.Dropped[i] = rapid.SampledFrom([]int64{0, 0, 1, -1, math.MaxInt64, math.MinInt64}).Draw(t, "drop")
	}
	if rapid.Bool().Draw(t, "left out") {
		d.LeftOut[experiment.CauseList], d.LeftOut[experiment.CauseHeld] = rapid.Int64().Draw(t, "listed"), rapid.Int64().Draw(t, "held")
	}
	return d
})

func TestDeltaRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := deltaOf.Draw(t, "delta")
		data, err := codec.Append([]byte("head"), d)
		require.NoError(t, err)
		require.Equal(t, "head", string(data[:4]))
		var back *experiment.Delta
		require.NoError(t, codec.Parse(data[4:], &back))
		require.Equal(t, d, back)
	})
}

func TestDeltaParsesIntoAUsedOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		used := deltaOf.Draw(t, "used")
		kept := used
		d := deltaOf.Draw(t, "delta")
		data, err := codec.Append(nil, d)
		require.NoError(t, err)
		require.NoError(t, codec.Parse(data, &used))
		require.Same(t, kept, used)
		again, err := codec.Append(nil, used)
		require.NoError(t, err)
		require.Equal(t, data, again)
	})
}

func TestThePaneOfMaturityIsAPart(t *testing.T) {
	data, err := codec.Append(nil, &experiment.Delta{Cells: []experiment.CellDelta{{Ripe: 300_000}}})
	require.NoError(t, err)
	require.Equal(t, []byte{3, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0xd8, 0x04, 0, 0}, data)
	var back *experiment.Delta
	require.NoError(t, codec.Parse(data, &back))
	require.Equal(t, int64(300_000), back.Cells[0].Ripe)
	data[15] = 0x40
	require.ErrorIs(t, codec.Parse(data, &back), experiment.ErrDelta, "an unknown part")
}

func TestDeltaLayout(t *testing.T) {
	d := &experiment.Delta{
		Run: 2, Version: 3, Excluded: 1, Corrections: -1,
		Cells: []experiment.CellDelta{{Variant: 1, Epoch: 1, Units: 2, FirstSeen: 0, Crossed: 3, NonZero: []int64{4, 0},
			Live: []stats.Sums{{S: stats.Int128{}.AddInt64(-1), SS: stats.Int192{}.AddInt64Product(16, 8)}}}},
		Panes: []experiment.PaneDelta{
			{Start: 1000, UnitsNew: 1, Metrics: []experiment.PaneSums{{Events: 1, Sum: stats.Int128{}.AddInt64(300)}}},
			{Variant: 1, Start: 1000, Late: 1}},
	}
	d.Dropped[experiment.DropNoValue] = 5
	data, err := codec.Append(nil, d)
	require.NoError(t, err)
	require.Equal(t, []byte{3, 2, 6, 2, 1, 0x40, 10,
		1, 1, 2, 4, 0, 6, 1, 0, 1, 0xff, 2, 0, 0x80, 0, 2, 8, 0, 0,
		2, 0, 0xd0, 0x0f, 2, 0, 1, 2, 2, 0x01, 0x2c, 0, 1, 0, 0, 2, 0, 0, 0}, data)
}

func TestDeltaLayoutOfSegments(t *testing.T) {
	d := &experiment.Delta{Run: 1, Cells: []experiment.CellDelta{{Segment: 3, Excluded: 1, Corrections: -1}}}
	d.LeftOut[experiment.CauseHeld] = 2
	data, err := codec.Append(nil, d)
	require.NoError(t, err)
	require.Equal(t, []byte{3, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 2, 1, 0, 2, 2, 0, 4}, data)
}

// A cell may have both parts, that of the segment first.
func TestDeltaLayoutOfBinsInASegment(t *testing.T) {
	d := &experiment.Delta{Run: 1, Cells: []experiment.CellDelta{{Segment: 3, Bins: []experiment.Bins{{Metric: 1, Bucket: 31}}}}}
	d.Cells[0].Bins[0].Values.Add(2, 4)
	data, err := codec.Append(nil, d)
	require.NoError(t, err)
	require.Equal(t, []byte{3, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 5, 3, 0, 0, 1, 1, 31, 1}, data[:23])
	used := &experiment.Delta{Cells: []experiment.CellDelta{{Segment: 9, Excluded: 1, Bins: []experiment.Bins{{}, {}}}}}
	require.NoError(t, codec.Parse(data, &used))
	require.Equal(t, d.Cells[0].Bins, used.Cells[0].Bins)
	require.Equal(t, 3, used.Cells[0].Segment)
}

// A cell of which nothing is drawn, as all were before that was counted, has no such part.
func TestDeltaLayoutOfDrawnConversions(t *testing.T) {
	d := &experiment.Delta{Run: 1, Cells: []experiment.CellDelta{{Ripe: 1000, NonZero: []int64{5, 0}, Drawn: []int64{3, 0}}, {NonZero: []int64{5}, Drawn: []int64{0}}}}
	data, err := codec.Append(nil, d)
	require.NoError(t, err)
	require.Equal(t, []byte{3, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 10, 0, 8 | 16, 2, 2, 6, 0, 0, 0, 0, 0, 0, 0, 0, 1, 10, 0, 0, 0}, data)
	used := &experiment.Delta{Cells: []experiment.CellDelta{{}, {Drawn: []int64{7}}}}
	require.NoError(t, codec.Parse(data, &used))
	require.Equal(t, []int64{3, 0}, used.Cells[0].Drawn)
	require.Empty(t, used.Cells[1].Drawn)
	data[20] = 0
	require.ErrorIs(t, codec.Parse(data, &used), experiment.ErrDelta, "a part without a drawn unit")
}

// Layout 2 has no parts.
func TestDeltaOfLayoutTwo(t *testing.T) {
	before := []byte{2, 2, 6, 2, 1, 0x40, 10,
		1, 1, 2, 4, 0, 6, 1, 0, 1, 0xff, 2, 0, 0x80, 0, 2, 8, 0,
		2, 0, 0xd0, 0x0f, 2, 0, 1, 2, 2, 0x01, 0x2c, 1, 0, 0, 2, 0}
	var d *experiment.Delta
	require.NoError(t, codec.Parse(before, &d))
	require.EqualValues(t, 3, d.Cells[0].Crossed)
	require.Equal(t, []int64{4, 0}, d.Cells[0].NonZero)
	require.EqualValues(t, 1, d.Panes[1].Late)
}

// Rows and records of layout 1 are still there after an upgrade: what they do not say is 0.
func TestDeltaOfLayoutOne(t *testing.T) {
	before := []byte{1, 2, 6, 2, 1, 0x40, 10,
		1, 1, 2, 4, 6, 1, 0, 1, 0xff, 2, 0, 0x80, 0,
		2, 0, 0xd0, 0x0f, 2, 0, 1, 2, 2, 0x01, 0x2c, 1, 0, 0, 2, 0}
	d := &experiment.Delta{Cells: []experiment.CellDelta{{Crossed: 9, NonZero: []int64{7}, Drawn: []int64{7}}}}
	require.NoError(t, codec.Parse(before, &d))
	require.EqualValues(t, 3, d.Cells[0].FirstSeen)
	require.Zero(t, d.Cells[0].Crossed)
	require.Empty(t, d.Cells[0].NonZero)
	require.Empty(t, d.Cells[0].Drawn)
	require.Equal(t, stats.Int128{}.AddInt64(-1), d.Cells[0].Live[0].S)
	require.Len(t, d.Panes, 2)
	require.EqualValues(t, 1, d.Panes[1].Late)
}

func TestDeltaRefusals(t *testing.T) {
	whole, err := codec.Append(nil, &experiment.Delta{Run: 1, Cells: make([]experiment.CellDelta, 2), Panes: make([]experiment.PaneDelta, 1)})
	require.NoError(t, err)
	var d *experiment.Delta
	for n := range whole {
		require.ErrorIs(t, codec.Parse(whole[:n], &d), experiment.ErrDelta, "%d bytes", n)
	}
	require.ErrorIs(t, codec.Parse(append(whole, 0), &d), experiment.ErrDelta)
	require.ErrorIs(t, codec.Parse([]byte{4, 0, 0, 0, 0, 0, 0, 0}, &d), experiment.ErrDelta, "another layout")
	require.ErrorIs(t, codec.Parse([]byte{3, 0, 0, 0, 0, 0, 0, 0, 0x40}, &d), experiment.ErrDelta, "an unknown part")
	require.ErrorIs(t, codec.Parse([]byte{3, 0, 0, 0, 0, 0, 0, 0, 2, 3, 0, 0, 0}, &d), experiment.ErrDelta, "an unknown cause")
	require.ErrorIs(t, codec.Parse([]byte{1, 0, 0, 0, 0, 0xff, 0x7f, 0, 0}, &d), experiment.ErrDelta, "an unknown drop")

	for _, bad := range []*experiment.Delta{nil, {Run: -1}, {Cells: []experiment.CellDelta{{Variant: -1}}}, {Cells: []experiment.CellDelta{{Segment: -1}}}, {Panes: []experiment.PaneDelta{{Variant: -1}}}} {
		kept, err := codec.Append([]byte("kept"), bad)
		require.ErrorIs(t, err, experiment.ErrDelta)
		require.Equal(t, "kept", string(kept))
	}
}

func TestDeltaNoAllocation(t *testing.T) {
	d := &experiment.Delta{Run: 1, Version: 1, Cells: make([]experiment.CellDelta, 2), Panes: make([]experiment.PaneDelta, 8)}
	for i := range d.Cells {
		d.Cells[i] = experiment.CellDelta{Variant: i, Epoch: 1, Units: 7, Live: make([]stats.Sums, 3), Matured: make([]stats.Sums, 3), Drawn: []int64{1, 0, 0}}
		d.Cells[i].Live[1].Include(-12345678)
	}
	for i := range d.Panes {
		d.Panes[i] = experiment.PaneDelta{Start: int64(i) * 1000, Metrics: make([]experiment.PaneSums, 3)}
	}
	var data []byte
	var back *experiment.Delta
	require.Zero(t, testing.AllocsPerRun(100, func() {
		data, _ = codec.Append(data[:0], d)
		_ = codec.Parse(data, &back)
	}))
	require.Equal(t, d, back)
}

func FuzzDelta(f *testing.F) {
	seed, _ := codec.Append(nil, &experiment.Delta{Run: 1, Cells: make([]experiment.CellDelta, 2), Panes: make([]experiment.PaneDelta, 1)})
	f.Add(seed)
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, data []byte) {
		var d *experiment.Delta
		if codec.Parse(data, &d) != nil {
			return
		}
		again, err := codec.Append(nil, d)
		require.NoError(t, err)
		var back *experiment.Delta
		require.NoError(t, codec.Parse(again, &back))
		require.Equal(t, d, back)
	})
}
