package experiment

import "github.com/abacus-stream/abacus/processors/experiment/stats/quantile"

// Buckets is how many buckets the events of a quantile fall into, by the hash of their unit.
const Buckets = 32

// Bins are the values of a quantile metric in a cell that fall into one bucket: of: event the values of the events of the
// bucket's units, of: unit the totals that are not 0, all in bucket 0. A cell has at most 32 times 3677 bins a metric.
type Bins struct {
	Metric, Bucket int
	Values         quantile.Sketch
}

// PaneBins are the values of the events of one metric in a pane, and the units that they are of. However many events there are they
// take at most 76 KB of memory a variant and metric: 3677 bins of 16 bytes (one for each 2 % between the least and the greatest value,
// 346 from 1 to 1000), 60 gaps of 16, and 4096 registers of 4, which only tagged events have.
type PaneBins struct {
	Values quantile.Sketch
	Seen   Seen
	Tagged UnitSketch // units that tagged events name
}

// Empty says that there are neither.
func (b *PaneBins) Empty() bool { return b.Values.Empty() && len(b.Seen) == 0 && len(b.Tagged) == 0 }

// Reset empties b and keeps its memory.
func (b *PaneBins) Reset() {
	b.Values.Reset()
	b.Seen, b.Tagged = b.Seen[:0], b.Tagged[:0]
}
