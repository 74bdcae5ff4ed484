package cells

import (
	"cmp"
	"slices"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// addCounters adds what a delta counts outside of its cells and panes to a sum of deltas.
func addCounters(sum, d *experiment.Delta) {
	sum.Excluded += d.Excluded
	sum.Corrections += d.Corrections
	for i, n := range d.Dropped {
		sum.Dropped[i] += n
	}
	for i, n := range d.LeftOut {
		sum.LeftOut[i] += n
	}
}

// addWhole adds the counters of a delta and its cells of all units.
func addWhole(sum, d *experiment.Delta) {
	addCounters(sum, d)
	for i := range d.Cells {
		if d.Cells[i].Segment == 0 {
			addCell(sum, &d.Cells[i])
		}
	}
}

// addCells adds all cells and counters of a delta to a sum of deltas. Cells are ordered by epoch, segment, then variant.
func addCells(sum, d *experiment.Delta) {
	addCounters(sum, d)
	for i := range d.Cells {
		addCell(sum, &d.Cells[i])
	}
}

func addCell(sum *experiment.Delta, c *experiment.CellDelta) {
	at, found := slices.BinarySearchFunc(sum.Cells, c, func(a experiment.CellDelta, b *experiment.CellDelta) int {
		return cmp.Or(cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Variant, b.Variant))
	})
	if !found {
		fresh := *c
		fresh.Live, fresh.Matured, fresh.NonZero = slices.Clone(c.Live), slices.Clone(c.Matured), slices.Clone(c.NonZero)
		fresh.Bins, fresh.Joint = cloneBins(c.Bins), addJoint(nil, c.Joint)
		sum.Cells = slices.Insert(sum.Cells, at, fresh)
		return
	}
	to := &sum.Cells[at]
	to.Units += c.Units
	to.FirstSeen += c.FirstSeen
	to.Crossed += c.Crossed
	to.Excluded += c.Excluded
	to.Corrections += c.Corrections
	to.Live = addSums(to.Live, c.Live)
	to.Matured = addSums(to.Matured, c.Matured)
	for len(to.NonZero) < len(c.NonZero) {
		to.NonZero = append(to.NonZero, 0)
	}
	for i, n := range c.NonZero {
		to.NonZero[i] += n
	}
	to.Bins, to.Joint = addBins(to.Bins, c.Bins), addJoint(to.Joint, c.Joint)
}

func addSums(to, from []stats.Sums) []stats.Sums {
	for len(to) < len(from) {
		to = append(to, stats.Sums{})
	}
	for i := range from {
		to[i].Add(from[i])
	}
	return to
}

// addPane adds a pane to a sum of deltas in which it has the given start. Panes are ordered by start, then variant.
func addPane(sum *experiment.Delta, p *experiment.PaneDelta, start int64) {
	key := experiment.PaneDelta{Variant: p.Variant, Start: start}
	at, found := slices.BinarySearchFunc(sum.Panes, key, func(a, b experiment.PaneDelta) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Variant, b.Variant))
	})
	if !found {
		sum.Panes = slices.Insert(sum.Panes, at, key)
	}
	to := &sum.Panes[at]
	to.UnitsNew += p.UnitsNew
	to.Late += p.Late
	for len(to.Metrics) < len(p.Metrics) {
		to.Metrics = append(to.Metrics, experiment.PaneSums{})
	}
	for i, m := range p.Metrics {
		to.Metrics[i].Events += m.Events
		to.Metrics[i].Sum = to.Metrics[i].Sum.Add(m.Sum)
	}
	addPaneBins(to, p, start)
}

// emptyPane says that all sums of a pane are 0.
func emptyPane(p *experiment.PaneDelta) bool {
	if p.UnitsNew != 0 || p.Late != 0 {
		return false
	}
	for _, m := range p.Metrics {
		if m.Events != 0 || m.Sum.Sign() != 0 {
			return false
		}
	}
	return true
}
