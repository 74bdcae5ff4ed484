package cells

import (
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats/split"
)

// Segment is the stats record of a segment by its place, from 1: as Total of the units that are in it, without drops. All its metrics
// are secondary, a family of their own. Its always-valid figures are those of its evidence at the last close of a pane of maturity.
func Segment(in TotalInput, index int) *result.Record {
	in.kept = nil
	t := newTally(in, index)
	rec := t.record(in)
	rec.Segment = segmentNames(in.Entry)[index-1]
	return rec
}

// segmentNames are those of a run, by index less 1.
func segmentNames(e *experiment.Entry) []string { return e.Versions[0].Definition.SegmentNames() }

// worstSegment is the segment that came least by the weights, and whether so little that the split is broken there: at a level over the
// number of segments, of those without units too.
func worstSegment(in TotalInput) (worst split.Segment, broken bool) {
	names := segmentNames(in.Entry)
	if len(names) == 0 {
		return worst, false
	}
	all := make([]split.Segment, len(names))
	for i, name := range names {
		p, _ := newTally(in, 1+i).sequential(ofSplit, firstSeen)
		all[i] = split.Segment{Name: name, P: p}
	}
	return split.Worst(all)
}

func firstSeen(c *experiment.CellDelta) int64 { return c.FirstSeen }

// leftOut are the units that are not analysed by cause, nil where the definition leaves none out.
func leftOut(d *experiment.Definition, sums *experiment.Delta) map[string]int64 {
	out := map[string]int64{}
	if len(d.Exclude.Units) > 0 {
		out[experiment.CauseList.String()] = sums.LeftOut[experiment.CauseList]
	}
	if d.Holdout != nil {
		out[experiment.CauseHeld.String()] = sums.LeftOut[experiment.CauseHeld]
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
