package split

import (
	"math"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// Alpha is the level of the split check.
const Alpha = 0.001

// concentration is how many units as they should be the prior is worth: measured, 1000 finds a split of 51/49 soonest.
const concentration = 1000

// Epoch is one allocation epoch: units and weight of each arm, the weights of any scale.
type Epoch struct {
	Units   []int64
	Weights []float64
}

// LogE is the log e-value of "units come by the weights", the sum over epochs. An epoch with fewer than two arms that have weight, with
// slices of unequal length, or with a count or weight that is negative or not finite says nothing and is left out; the reason is
// too_few_units where none is left.
func LogE(epochs []Epoch) (logE float64, reason string) {
	reason = stats.ReasonTooFewUnits
	for _, e := range epochs {
		if e = e.weighted(); len(e.Units) >= 2 {
			logE += distribution.DirichletMultinomial(e.Units, e.Weights, distribution.Centred(e.Weights, concentration))
			reason = ""
		}
	}
	return logE, reason
}

// ChiSquare adds up Pearson's statistic and its degrees of freedom over epochs, (sum of (o-e)^2/e, arms - 1 each); p is the upper tail.
// Epochs without units or left out by LogE are left out; the reason is too_few_units where none is left, with p 1.
func ChiSquare(epochs []Epoch) (chi2, df, p float64, reason string) {
	for _, e := range epochs {
		if c, d, _, ok := stats.ChiSquare(e.Units, e.Weights); ok {
			chi2 += c
			df += d
		}
	}
	if df == 0 {
		return 0, 0, 1, stats.ReasonTooFewUnits
	}
	return chi2, df, distribution.ChiSquareP(chi2, df), ""
}

// weighted keeps the arms that have weight; nothing where the epoch makes no sense.
func (e Epoch) weighted() (kept Epoch) {
	if len(e.Units) != len(e.Weights) {
		return Epoch{}
	}
	for i, w := range e.Weights {
		if !(w >= 0) || math.IsInf(w, 1) || e.Units[i] < 0 {
			return Epoch{}
		}
		if w > 0 {
			kept.Units, kept.Weights = append(kept.Units, e.Units[i]), append(kept.Weights, w)
		}
	}
	return kept
}
