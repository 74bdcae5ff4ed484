package cells

import (
	"cmp"
	"slices"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// addLive adds what counts at once to a sum of deltas: the cells of all units but what a pane of maturity holds.
func addLive(sum, d *experiment.Delta) {
	addCounters(sum, d)
	for i := range d.Cells {
		c := &d.Cells[i]
		switch {
		case c.Segment > 0:
		case c.Ripe == 0:
			addCell(sum, c, 0)
		case c.Units != 0: // events that are units: live now, matured with their pane
			to := cellOf(sum, c, 0)
			to.Units += c.Units
			to.Live = addSums(to.Live, c.Live)
			to.Bins = addBins(to.Bins, c.Bins)
			for j := range c.Joint {
				sums := jointOf(&to.Joint, c.Joint[j].Metric)
				sums.Live.Add(c.Joint[j].Live)
			}
		}
	}
}

// matureCell adds a cell of a pane of maturity to the matured sums. Events are units that are seen and mature at once.
func matureCell(sum *experiment.Delta, c *experiment.CellDelta, events bool) {
	to := cellOf(sum, c, 0)
	to.NonZero, to.Drawn = addCounts(to.NonZero, c.NonZero), addCounts(to.Drawn, c.Drawn)
	for i := range c.Joint {
		sums := jointOf(&to.Joint, c.Joint[i].Metric)
		if sums.Matured.Add(c.Joint[i].Matured); events {
			sums.Matured.Add(c.Joint[i].Live)
		}
	}
	if events {
		to.FirstSeen += c.Units
		to.Matured = addSums(to.Matured, c.Live)
		return
	}
	to.FirstSeen += c.FirstSeen
	to.Crossed += c.Crossed
	to.Matured = addSums(to.Matured, c.Matured)
}

// addCounters adds what a delta has beside cells and panes.
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

// addCell adds a cell to that of a sum of deltas with its variant, its segment, its epoch and the given pane of maturity.
func addCell(sum *experiment.Delta, c *experiment.CellDelta, ripe int64) {
	to := cellOf(sum, c, ripe)
	to.Units += c.Units
	to.FirstSeen += c.FirstSeen
	to.Crossed += c.Crossed
	to.Excluded += c.Excluded
	to.Corrections += c.Corrections
	to.Live = addSums(to.Live, c.Live)
	to.Matured = addSums(to.Matured, c.Matured)
	to.NonZero, to.Drawn = addCounts(to.NonZero, c.NonZero), addCounts(to.Drawn, c.Drawn)
	to.Bins, to.Joint = addBins(to.Bins, c.Bins), addJoint(to.Joint, c.Joint)
}

// cellOf finds or makes a cell. They are ordered by pane of maturity, epoch, segment, variant.
func cellOf(sum *experiment.Delta, c *experiment.CellDelta, ripe int64) *experiment.CellDelta {
	key := experiment.CellDelta{Variant: c.Variant, Epoch: c.Epoch, Segment: c.Segment, Ripe: ripe}
	at, found := slices.BinarySearchFunc(sum.Cells, key, func(a, b experiment.CellDelta) int {
		return cmp.Or(cmp.Compare(a.Ripe, b.Ripe), cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Variant, b.Variant))
	})
	if !found {
		sum.Cells = slices.Insert(sum.Cells, at, key)
	}
	return &sum.Cells[at]
}

func addCounts(to, from []int64) []int64 {
	for len(to) < len(from) {
		to = append(to, 0)
	}
	for i, n := range from {
		to[i] += n
	}
	return to
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
