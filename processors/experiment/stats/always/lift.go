package always

import (
	"math"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// ReasonEpochsDisagree is the reason where no one lift fits all epochs.
const ReasonEpochsDisagree = "epochs_disagree"

// LiftPrior is the concentration of the Beta prior, in conversions.
const LiftPrior = 100

// Epoch is the conversions of one allocation epoch: how many matured units of each arm converted, each counted once, and the weights
// of the arms. Weights are of any scale; where one is not above 0 and finite, or a count is negative, the epoch is left out.
type Epoch struct {
	ControlWeight, TreatmentWeight float64
	Control, Treatment             int64
}

// LiftLogE is the log e-value of "the rate of treatment is (1+lift) times that of control", lift > -1; of no effect with lift 0.
// Without conversions it is 0. The reason is too_few_units without an epoch, not_positive with a lift that leaves no rate.
func LiftLogE(epochs []Epoch, lift float64) (logE float64, reason string) {
	if !(lift > -1) || math.IsInf(lift, 1) {
		return 0, stats.ReasonNotPositive
	}
	l, reason := newLikelihood(epochs)
	if reason != "" {
		return 0, reason
	}
	return l.logE(math.Log1p(lift)), ""
}

// LiftLogEBelow is the log e-value of "the lift is at least bound", one-sided: large where it is below, such as by a harm beyond a
// margin, and 0, no evidence, where the conversions do not look so. It is that of LiftLogE at the bound: no lift above fits better.
// The reason is that of LiftLogE.
func LiftLogEBelow(epochs []Epoch, bound float64) (logE float64, reason string) {
	return liftBeyond(epochs, bound, -1)
}

// LiftLogEAbove is the log e-value of "the lift is at most bound", one-sided, as LiftLogEBelow.
func LiftLogEAbove(epochs []Epoch, bound float64) (logE float64, reason string) {
	return liftBeyond(epochs, bound, 1)
}

func liftBeyond(epochs []Epoch, bound, side float64) (logE float64, reason string) {
	logE, reason = LiftLogE(epochs, bound)
	if reason != "" {
		return 0, reason
	}
	l, _ := newLikelihood(epochs)
	if float64(side*l.slope(math.Log1p(bound))) >= 0 { // the best lift is on the other side
		return 0, ""
	}
	return max(logE, 0), ""
}

// LiftInterval is all relative lifts mT/mC - 1 whose e-value is below 1/alpha: an interval, since ln e is convex in ln(1+lift).
// With hardly any conversions of treatment it starts at -1, with hardly any of control it ends at +Inf. The reason is too_few_units
// without an epoch, unbounded where it has neither end, and epochs_disagree where no lift is left.
func LiftInterval(epochs []Epoch, alpha float64) (interval [2]float64, reason string) {
	l, reason := newLikelihood(epochs)
	if reason != "" {
		return interval, reason
	}
	target := -math.Log(alpha)
	best := l.best()
	if l.logE(best) >= target {
		return interval, ReasonEpochsDisagree
	}
	interval = [2]float64{-1, math.Inf(1)}
	upper, bounded := l.crossing(best, 1, target)
	if bounded {
		interval[1] = math.Expm1(upper)
	}
	lower, found := l.crossing(best, -1, target)
	if found {
		interval[0] = math.Expm1(lower)
	}
	if !bounded && !found {
		return [2]float64{}, stats.ReasonUnbounded
	}
	return interval, ""
}

// likelihood is ln e as a function of x = ln(1+lift): base + sum over epochs of N ln(1 + q lift) - c x, with c the conversions of
// treatment. The numerator of e, the prior about q, does not depend on the lift.
type likelihood struct {
	epochs    []weighted
	base      float64 // ln e of no effect
	treatment float64 // c
}

// weighted is an epoch with both arms' conversions and the share of treatment's weight.
type weighted struct{ both, share float64 }

func newLikelihood(epochs []Epoch) (l likelihood, reason string) {
	for _, e := range epochs {
		if !positive(e.ControlWeight) || !positive(e.TreatmentWeight) || e.Control < 0 || e.Treatment < 0 {
			continue
		}
		l.epochs = append(l.epochs, weighted{float64(e.Control) + float64(e.Treatment), e.TreatmentWeight / (e.ControlWeight + e.TreatmentWeight)})
		l.treatment += float64(e.Treatment)
		weights := []float64{e.ControlWeight, e.TreatmentWeight}
		l.base += distribution.DirichletMultinomial([]int64{e.Control, e.Treatment}, weights, distribution.Centred(weights, LiftPrior))
	}
	if len(l.epochs) == 0 {
		return l, stats.ReasonTooFewUnits
	}
	return l, ""
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }

func (l likelihood) logE(x float64) float64 {
	logE, lift := l.base, math.Expm1(x)
	for _, e := range l.epochs {
		logE += float64(e.both * math.Log1p(float64(e.share*lift)))
	}
	return logE - float64(l.treatment*x)
}

// slope is the derivative of logE, which rises with x: expected less seen conversions of treatment.
func (l likelihood) slope(x float64) float64 {
	expected, lift := 0.0, math.Expm1(x)
	for _, e := range l.epochs {
		expected += float64(e.both * (float64(e.share*(1+lift)) / (1 + float64(e.share*lift))))
	}
	return expected - l.treatment
}

// farthest is how far from 0 x is looked for: lifts below -1 + 10^-13 are -1, those above 10^13 without bound.
const farthest = 30

// best is the x of the least e, within the bounds of the search.
func (l likelihood) best() float64 {
	return bisect(-farthest, farthest, func(x float64) bool { return l.slope(x) >= 0 })
}

// crossing is the x on one side of best where ln e reaches target; false where it is too far away.
func (l likelihood) crossing(best, side, target float64) (x float64, found bool) {
	widest := farthest - float64(side*best)
	if l.logE(best+float64(side*widest)) < target {
		return 0, false
	}
	width := bisect(0, widest, func(w float64) bool { return l.logE(best+float64(side*w)) >= target })
	return best + float64(side*width), true
}

// bisect is the least x in [low, high] from which on the condition holds, to the last digit.
func bisect(low, high float64, holds func(x float64) bool) float64 {
	for {
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			return high
		}
		if holds(middle) {
			high = middle
		} else {
			low = middle
		}
	}
}
