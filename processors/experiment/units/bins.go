package units

import (
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/cespare/xxhash/v2"
)

// place is where a cell keeps the values of a quantile metric that fall into one bucket. What does not fall into buckets, totals of
// units and tagged events, has one place.
type place struct{ metric, bucket int }

// appendPlaces appends the places of a metric.
func appendPlaces(places []place, metric int, single bool) []place {
	for bucket := range experiment.Buckets {
		if places = append(places, place{metric, bucket}); single {
			break
		}
	}
	return places
}

// bucketOf is the bucket of a unit: the upper five bits of the xxhash64 of its name.
func bucketOf(unit []byte) int { return int(xxhash.Sum64(unit) >> 59) }

// replace moves the live sums of a metric from a unit's total a to b. Totals of 0 are not among the values of quantiles: there are
// as many as units without one.
func (c *cell) replace(m *metric, i int, a, b int64) {
	if m.kind != quantiles {
		c.live[i].Replace(a, b)
		return
	}
	if a != 0 {
		c.values[m.place].Add(a, -1)
	}
	if b != 0 {
		c.values[m.place].Add(b, 1)
	}
}

// settleQuantiles adds the moves of events to the quantiles of events, each to the epoch and the segments of its own side of the change.
func (p *processor) settleQuantiles() {
	bucket := -1
	for i := range p.moves {
		m := &p.moves[i]
		x := p.after[m.index].run
		if m.metric == newUnit || len(x.places) == 0 || x.metrics[m.metric].kind != quantiles || x.metrics[m.metric].ofUnit {
			continue
		}
		if bucket < 0 {
			bucket = bucketOf(p.unit())
		}
		side := &p.after[m.index]
		if m.events < 0 {
			side = &p.before[m.index]
		}
		for _, segment := range side.segments.list() {
			c := x.sums.cell(side.variant, side.epoch, segment)
			c.values[x.metrics[m.metric].place+bucket].Add(m.value, m.events)
		}
	}
}

// binsOf is the values of a cell that are not empty, valid until the next call for the cell.
func (s *sums) binsOf(c *cell) []experiment.Bins {
	c.bins = c.bins[:0]
	for i := range c.values {
		if !c.values[i].Empty() {
			c.bins = append(c.bins, experiment.Bins{Metric: s.places[i].metric, Bucket: s.places[i].bucket, Values: c.values[i]})
		}
	}
	return c.bins
}
