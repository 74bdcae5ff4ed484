package cells

import (
	"cmp"
	"slices"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// addBins adds bins to those of a sum, which are by metric, then bucket; what is empty then is left out.
func addBins(to, from []experiment.Bins) []experiment.Bins {
	for i := range from {
		at, found := slices.BinarySearchFunc(to, &from[i], func(a experiment.Bins, b *experiment.Bins) int {
			return cmp.Or(cmp.Compare(a.Metric, b.Metric), cmp.Compare(a.Bucket, b.Bucket))
		})
		if !found {
			to = slices.Insert(to, at, experiment.Bins{Metric: from[i].Metric, Bucket: from[i].Bucket})
		}
		if to[at].Values.Merge(from[i].Values); to[at].Values.Empty() {
			to = slices.Delete(to, at, at+1)
		}
	}
	return to
}

// addPaneBins adds the values and units of a pane to those of a window with the given start: the units whose first pane in the
// window it is. In the pane's own row they stay apart by gap.
func addPaneBins(to, p *experiment.PaneDelta, start int64) {
	for i := range p.Bins {
		from := &p.Bins[i]
		if from.Empty() {
			continue
		}
		bins := to.BinsOf(i)
		bins.Values.Merge(from.Values)
		bins.Tagged.Merge(from.Tagged)
		if start != p.Start {
			bins.Seen.Add(experiment.LongAgo, from.Seen.Since(int((p.Start-start)/second)))
			continue
		}
		for _, u := range from.Seen {
			bins.Seen.Add(u.Gap, u.Units)
		}
	}
}
