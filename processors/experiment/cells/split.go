package cells

import (
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// Verdicts of the split check. It is broken where p_chi2 is below 0.001, a figure of a fixed horizon.
const (
	SplitOK     = "ok"
	SplitBroken = "broken"
)

const splitAlpha = 0.001

// split checks the kept units against the weights. What is expected of several epochs is the sum over them; units of
// an arm in an epoch that gives it no weight are left out.
func (t *tally) split() *result.Split {
	out := &result.Split{
		Weights: map[string]float64{}, PSequential: result.Null, Chi2: result.Null, PChi2: result.Null,
		Verdict: SplitOK, Reason: ReasonSequential,
	}
	weight := totalWeight(t.def.Variants)
	for _, v := range t.def.Variants {
		out.Weights[v.Name] = v.Weight / weight
	}
	observed, expected := t.allocation()
	chi2, _, p, ok := stats.ChiSquare(observed, expected)
	if !ok {
		out.Reason = ReasonNoUnits + "; " + ReasonSequential
		return out
	}
	out.Chi2, out.PChi2 = result.Num(chi2), result.Num(p)
	if p < splitAlpha {
		out.Verdict = SplitBroken
	}
	return out
}

// allocation gives the units of the arms and what the weights of their epochs would make of them. With one epoch the second
// is the weights themselves.
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
