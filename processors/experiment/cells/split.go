package cells

import (
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/always"
	"github.com/abacus-stream/abacus/processors/experiment/stats/split"
	"github.com/abacus-stream/abacus/processors/experiment/verdict"
)

// split is the sequential check of first-seen arms, each epoch by its weights, the analysed split of kept units beside it, and the
// share of excluded units.
func (t *tally) split() *result.Split {
	out := &result.Split{
		Weights: map[string]float64{}, PSequential: result.Null, Chi2: result.Null, PChi2: result.Null, Verdict: verdict.OK,
	}
	weight := totalWeight(t.def.Variants)
	facts := verdict.Split{PChi2: 1, Excluded: t.excluded, Looks: t.looks()}
	if t.worst.Name != "" {
		out.WorstSegment, out.PWorstSegment = t.worst.Name, result.Num(t.worst.P)
	}
	if t.worstBroken {
		facts.Segment = t.worst.Name
	}
	for v, variant := range t.def.Variants {
		out.Weights[variant.Name] = variant.Weight / weight
		facts.Kept += t.units(v)
	}
	observed, expected := t.allocation()
	if chi2, _, p, ok := stats.ChiSquare(observed, expected); ok {
		out.Chi2, out.PChi2, facts.PChi2 = result.Num(chi2), result.Num(p), p
	}
	t.countSeen(out)
	p, seen := t.sequential(ofSplit, t.firstSeen)
	if !seen {
		out.Reason = ReasonNoUnits
		return out
	}
	out.PSequential, facts.PSequential = result.Num(p), p
	facts.PCrossed, _ = t.sequential(ofCrossed, func(c *experiment.CellDelta) int64 { return c.Crossed })
	out.Verdict, out.Reason = facts.Judge()
	return out
}

// looks is how many splits are watched beside each other where a segment is one of them.
func (t *tally) looks() int {
	if t.segment == 0 {
		return 1
	}
	return len(segmentNames(t.entry))
}

// countSeen writes what the check rests on.
func (t *tally) countSeen(out *result.Split) {
	if t.events {
		return
	}
	out.FirstSeen, out.Crossed = map[string]int64{}, map[string]int64{}
	for v, variant := range t.def.Variants {
		out.FirstSeen[variant.Name], out.Crossed[variant.Name] = t.came(v), 0
		for i := range t.epochs {
			out.Crossed[variant.Name] += t.epochs[i].cells[v].Crossed
		}
	}
}

// sequential is the p that stays valid at all times of "units come by the weights", from the strongest evidence so far; false without
// units.
func (t *tally) sequential(kind byte, units func(*experiment.CellDelta) int64) (p float64, seen bool) {
	if known := t.memory.find(testKey{kind: kind}); known != nil {
		return known.P(), true
	}
	logE, seen := t.splitLogE(units)
	var evidence always.Evidence
	evidence.Observe(logE, 1, split.Alpha)
	return evidence.P(), seen
}

// splitLogE is the log e-value of "units come by the weights" over all epochs; false without units.
func (t *tally) splitLogE(units func(*experiment.CellDelta) int64) (logE float64, seen bool) {
	epochs := make([]split.Epoch, len(t.epochs))
	for i := range t.epochs {
		for v, variant := range t.variantsOf(t.epochs[i].version) {
			n := units(&t.epochs[i].cells[v])
			seen = seen || n > 0 && variant.Weight > 0
			epochs[i].Units, epochs[i].Weights = append(epochs[i].Units, n), append(epochs[i].Weights, variant.Weight)
		}
	}
	logE, _ = split.LogE(epochs)
	return logE, seen
}

// firstSeen are the units that came to a cell first, excluded ones too. Of unit: event each event is a unit.
func (t *tally) firstSeen(c *experiment.CellDelta) int64 { return c.FirstSeen }

// came are the units that came to a variant first.
func (t *tally) came(v int) (n int64) {
	for i := range t.epochs {
		n += t.epochs[i].cells[v].FirstSeen
	}
	return n
}

// allocation gives the units of the arms and what the weights of their epochs would make of them. With one epoch the second
// is the weights themselves. Units of an arm in an epoch that gives it no weight are left out.
func (t *tally) allocation() (observed []int64, expected []float64) {
	observed, expected = make([]int64, len(t.def.Variants)), make([]float64, len(t.def.Variants))
	for i := range t.epochs {
		variants := t.variantsOf(t.epochs[i].version)
		weight, units := totalWeight(variants), int64(0)
		for v := range observed {
			if variants[v].Weight > 0 {
				observed[v] += t.epochs[i].cells[v].Units
				units += t.epochs[i].cells[v].Units
			}
		}
		for v := range expected {
			share := variants[v].Weight / weight
			if len(t.epochs) > 1 {
				share = float64(share * float64(units))
			}
			expected[v] += share
		}
	}
	return observed, expected
}

// variantsOf are the weights of an epoch; those in effect now for a version that the registry has not told of.
func (t *tally) variantsOf(version int64) experiment.Variants {
	for i := range t.entry.Versions {
		v := &t.entry.Versions[i]
		if v.Version == version && len(v.Definition.Variants) == len(t.def.Variants) {
			return v.Definition.Variants
		}
	}
	return t.def.Variants
}

func totalWeight(variants experiment.Variants) (sum float64) {
	for _, v := range variants {
		sum += v.Weight
	}
	return sum
}
