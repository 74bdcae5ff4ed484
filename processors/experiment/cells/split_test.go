package cells_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/cells"
	"github.com/abacus-stream/abacus/processors/experiment/verdict"
)

// evidence is the e-value of counts against weights of 1/scale, each w times: with a prior that is a whole number of units for each
// arm it is a fraction. e = prod_i (a_i)(a_i+1)...(a_i+c_i-1) / [k(k+1)...(k+N-1) prod_i w_i^c_i], a_i = k w_i.
func evidence(k, scale int64, weights, counts []int64) *big.Float {
	const precision = 300
	e, units := new(big.Float).SetPrec(precision).SetInt64(1), int64(0)
	times := func(num, den int64) {
		e.Mul(e, new(big.Float).SetInt64(num))
		e.Quo(e, new(big.Float).SetInt64(den))
	}
	for i, c := range counts {
		for j := range c {
			times(k*weights[i]/scale+j, k+units)
			times(scale, weights[i])
			units++
		}
	}
	return e
}

// inverse is 1/e, at most 1.
func inverse(e *big.Float) float64 {
	p, _ := new(big.Float).Quo(big.NewFloat(1), e).Float64()
	return min(p, 1)
}

// seen are units of a variant by first-seen arm, of whom so many are kept.
func seen(variant int, epoch, first, kept int64) experiment.CellDelta {
	return experiment.CellDelta{Variant: variant, Epoch: epoch, Units: kept, FirstSeen: first}
}

func TestSplitIsWatched(t *testing.T) {
	r := totalOf(entry(), seen(0, 1, 5200, 5200), seen(1, 1, 4900, 4900))
	want := inverse(evidence(1000, 2, []int64{1, 1}, []int64{5200, 4900}))
	require.InEpsilon(t, want, num(t, r.Split.PSequential), 1e-8)
	require.Equal(t, verdict.OK, r.Split.Verdict)
	require.Empty(t, r.Split.Reason)
	require.Less(t, num(t, r.Split.PChi2), 0.01, "of a fixed horizon: no verdict")

	r = totalOf(entry(), seen(0, 1, 5300, 5300), seen(1, 1, 4700, 4700))
	want = inverse(evidence(1000, 2, []int64{1, 1}, []int64{5300, 4700}))
	require.Less(t, want, 0.001)
	require.InEpsilon(t, want, num(t, r.Split.PSequential), 1e-8)
	require.Equal(t, verdict.BrokenSplit, r.Split.Verdict)
	require.NotEmpty(t, r.Split.Reason)
}

// Case 38: arms as first seen, excluded units among them; kept ones are the analysed split.
func TestSplitCountsExcludedUnits(t *testing.T) {
	r := excluding(entry(), 100, seen(0, 1, 5000, 4990), seen(1, 1, 5000, 4910))
	require.Equal(t, result.Num(1), r.Split.PSequential)
	require.InDelta(t, 80.0*80/9900, num(t, r.Split.Chi2), 1e-12)
}

// Each epoch by its own weights, the evidence multiplied: pooled, these counts would break a good split.
func TestSplitOfEpochs(t *testing.T) {
	r := totalOf(ramped(), seen(0, 1, 9012, 9012), seen(1, 1, 988, 988), seen(0, 2, 5120, 5120), seen(1, 2, 4880, 4880))
	e := evidence(1000, 10, []int64{9, 1}, []int64{9012, 988})
	e.Mul(e, evidence(1000, 2, []int64{1, 1}, []int64{5120, 4880}))
	require.InEpsilon(t, inverse(e), num(t, r.Split.PSequential), 1e-8)
	require.Equal(t, verdict.OK, r.Split.Verdict)

	r = totalOf(ramped(), seen(0, 1, 9100, 9100), seen(1, 1, 900, 900), seen(0, 2, 5150, 5150), seen(1, 2, 4850, 4850))
	e = evidence(1000, 10, []int64{9, 1}, []int64{9100, 900})
	e.Mul(e, evidence(1000, 2, []int64{1, 1}, []int64{5150, 4850}))
	require.InEpsilon(t, inverse(e), num(t, r.Split.PSequential), 1e-8)
}

// Who is excluded must not depend on the arm, however few they are.
func TestExcludedUnitsOfOneArm(t *testing.T) {
	one, two := seen(0, 1, 50_000, 49_600), seen(1, 1, 50_000, 49_800)
	one.Crossed, two.Crossed = 400, 200
	r := excluding(entry(), 600, one, two)
	require.Less(t, inverse(evidence(1000, 2, []int64{1, 1}, []int64{400, 200})), 0.001)
	require.Equal(t, verdict.BrokenAssignment, r.Split.Verdict)
	require.Contains(t, r.Split.Reason, verdict.ReasonCrossed)
	require.Equal(t, map[string]int64{"control": 400, "treatment": 200}, r.Split.Crossed)
	require.Equal(t, map[string]int64{"control": 50_000, "treatment": 50_000}, r.Split.FirstSeen)

	one.Crossed, two.Crossed = 330, 270
	require.Greater(t, inverse(evidence(1000, 2, []int64{1, 1}, []int64{330, 270})), 0.001)
	require.Equal(t, verdict.OK, excluding(entry(), 600, one, two).Split.Verdict)
}

// excluding is the total of cells with so many excluded units.
func excluding(e experiment.Entry, excluded int64, all ...experiment.CellDelta) *result.Record {
	return cellsTotal(e, &experiment.Delta{Run: 1, Cells: all, Excluded: excluded})
}

func cellsTotal(e experiment.Entry, sums *experiment.Delta) *result.Record {
	return cells.Total(cells.TotalInput{Entry: &e, Sums: sums, AsOf: t0, Closed: true})
}

func TestExcludedShare(t *testing.T) {
	for _, c := range []struct {
		excluded int64
		verdict  string
		told     bool
	}{
		{0, verdict.OK, false},
		{99, verdict.OK, false},
		{100, verdict.OK, true}, // of 10,000: 1 %
		{999, verdict.OK, true},
		{1000, verdict.BrokenAssignment, true},
	} {
		kept := 10_000 - c.excluded
		r := excluding(entry(), c.excluded, seen(0, 1, 5000, kept/2), seen(1, 1, 5000, kept-kept/2))
		require.Equal(t, c.verdict, r.Split.Verdict, "%d excluded", c.excluded)
		if c.told {
			require.Contains(t, r.Split.Reason, verdict.ReasonExcludedShare)
		} else {
			require.Empty(t, r.Split.Reason)
		}
	}
	r := excluding(entry(), 2000, seen(0, 1, 5300, 4000), seen(1, 1, 4700, 4000))
	require.Equal(t, verdict.BrokenSplit, r.Split.Verdict, "the graver fault")
}
