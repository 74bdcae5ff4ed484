package verify

import (
	"maps"
	"math/big"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// delta is the tally as the plain sums that package cells turns into a record, without panes, with what had matured by then.
func (t *tally) delta(matured map[cellKey]*cell) *experiment.Delta {
	d := &experiment.Delta{Run: t.plan.run, Excluded: t.excluded, Corrections: t.corrections}
	d.LeftOut[experiment.CauseList], d.LeftOut[experiment.CauseHeld] = t.leftOut["listed"], t.leftOut["holdout"]
	for i := range d.Dropped {
		d.Dropped[i] = t.dropped[experiment.Drop(i).String()]
	}
	all := maps.Clone(t.cells)
	for key := range matured {
		t.cellIn(all, key)
	}
	for key, c := range all {
		cell := experiment.CellDelta{
			Variant: key.variant, Epoch: key.epoch, Segment: key.segment, Units: c.units, Live: plain(c.live), NonZero: c.nonZero,
			Bins: c.quantiles.bins(t.plan.metrics), Joint: c.joint.plain(), Excluded: c.excluded, Corrections: c.corrections,
		}
		if m := matured[key]; m != nil {
			cell.FirstSeen, cell.Crossed, cell.Matured, cell.NonZero, cell.Drawn = m.firstSeen, m.crossed, plain(m.matured), m.nonZero, m.drawn
			cell.Joint = both(c.joint, m.joint).plain()
		}
		d.Cells = append(d.Cells, cell)
	}
	return d
}

func plain(sums []Sum) []stats.Sums {
	out := make([]stats.Sums, len(sums))
	for i, s := range sums {
		out[i] = stats.Sums{N: s.N, S: int128(s.S), SS: int192(s.SS)}
	}
	return out
}

// windowPanes is what a window holds, one pane a variant; the revision stands in the first.
func (t *tally) windowPanes(w Window) []experiment.PaneDelta {
	panes := make([]experiment.PaneDelta, len(t.plan.variants))
	for i, variant := range t.plan.variants {
		panes[i] = experiment.PaneDelta{Variant: i, Start: w.Start, UnitsNew: w.UnitsNew[variant]}
		for _, m := range t.plan.metrics {
			e := w.Metrics[m.name][variant]
			panes[i].Metrics = append(panes[i].Metrics, experiment.PaneSums{Events: e.N, Sum: int128(e.Sum)})
			panes[i].Bins = append(panes[i].Bins, e.bins())
		}
	}
	panes[0].Late = w.Revision
	return panes
}

// words is the two's complement of n in 64-bit words, the lowest first.
func words(n *big.Int, count int) []uint64 {
	rest := new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(64*count)))
	low := new(big.Int).SetUint64(^uint64(0))
	out := make([]uint64, count)
	for i := range out {
		out[i] = new(big.Int).And(rest, low).Uint64()
		rest.Rsh(rest, 64)
	}
	return out
}

func int128(n *big.Int) stats.Int128 {
	w := words(n, 2)
	return stats.Int128{Hi: int64(w[1]), Lo: w[0]}
}

func int192(n *big.Int) stats.Int192 {
	w := words(n, 3)
	return stats.Int192{Hi: int64(w[2]), Mid: w[1], Lo: w[0]}
}
