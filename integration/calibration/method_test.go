package calibration

import (
	"math"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/always"
	"github.com/abacus-stream/abacus/processors/experiment/stats/family"
	"github.com/abacus-stream/abacus/processors/experiment/stats/split"
)

// look is what a method sees, and the average effect on the units so far.
type look struct {
	epochs []epoch
	lift   float64
	seq    always.Sequence
}

// method gives evidence against the truth at one look: above ln(1/alpha), it is a false positive.
type method struct {
	name    string
	alpha   float64
	effects bool // knows the truth where there is an effect
	logE    func(l look) float64
}

// noEvidence is where a method does not speak.
var noEvidence = math.Inf(-1)

var methods = []method{
	{"conversions: e-process", 0.05, true, conversions},
	{"revenue: sequence", 0.05, true, revenue},
	{"clicks per unit: sequence", 0.05, false, clicks},
	{"clicks per visit: sequence", 0.05, false, clicksPerVisit},
	{"revenue by past revenue (CUPED): sequence", 0.05, true, adjustedRevenue},
	{"guardrail: revenue, a loss", 0.01, true, guardrail},
	{"guardrail: revenue, a rise", 0.01, true, rises},
	{"guardrail: conversions, one-sided", 0.01, true, conversionsHarm},
	{"split: e-process", split.Alpha, true, firstExposures},
	{"three metrics: Holm", 0.05, false, holm},
}

// peeking is no method: it shows what the others are for, and that the simulation sees it.
var peeking = method{"fixed z at every look (for comparison)", 0.05, false, func(l look) float64 {
	a, b := both(l.epochs, func(a *arm) stats.Count { return a.conversions.Count() })
	c := stats.StratifiedProportions(a, b, 0.05)
	if math.IsNaN(c.P) {
		return noEvidence
	}
	return -math.Log(c.P)
}}

func conversions(l look) float64 {
	logE, reason := always.LiftLogE(converted(l.epochs), l.lift)
	return spoken(logE, reason)
}

func conversionsHarm(l look) float64 {
	return spoken(always.LiftLogEBelow(converted(l.epochs), l.lift))
}

func converted(epochs []epoch) (out []always.Epoch) {
	for i := range epochs {
		e := &epochs[i]
		out = append(out, always.Epoch{
			ControlWeight: 1 - e.treatment, TreatmentWeight: e.treatment,
			Control: e.arms[0].conversions.Count().X, Treatment: e.arms[1].conversions.Count().X,
		})
	}
	return out
}

func revenue(l look) float64 { return l.against(l.revenue(1)) }

// revenue is that of the epochs that are ready, as one of so many tests.
func (l look) revenue(tests int) stats.Comparison {
	a, b := both(l.paid(tests), func(a *arm) stats.Sample { return a.revenue.Sample(0) })
	return stats.StratifiedWelch(a, b, 0.05)
}

func adjustedRevenue(l look) float64 {
	a, b := both(l.paid(1), func(a *arm) stats.Joint { return a.spend })
	return l.against(stats.Adjusted(a, b, [2]int{}, 0.05))
}

// paid are the epochs in which the money of both arms has the units that Ready asks for.
func (l look) paid(tests int) []epoch {
	return ready(l.epochs, true, tests, func(a *arm) int64 { return a.buyers })
}

func ready(epochs []epoch, uncapped bool, tests int, nonZero func(a *arm) int64) (out []epoch) {
	for i := range epochs {
		if e := &epochs[i]; always.Ready(nonZero(&e.arms[0]), nonZero(&e.arms[1]), uncapped, tests) == "" {
			out = append(out, *e)
		}
	}
	return out
}

// against is the evidence against the true average difference of revenue.
func (l look) against(c stats.Comparison) float64 {
	c.Difference -= l.lift * meanRevenue
	return spoken(l.seq.LogE(c))
}

func guardrail(l look) float64 { return spoken(l.seq.LogEBelow(l.revenue(1), l.lift)) }

func rises(l look) float64 { return spoken(l.seq.LogEAbove(l.revenue(1), l.lift)) }

func clicks(l look) float64 {
	a, b := both(l.clicked(), func(a *arm) stats.Sample { return a.clicks.Sample(0) })
	return spoken(l.seq.LogE(stats.StratifiedWelch(a, b, 0.05)))
}

func clicksPerVisit(l look) float64 {
	a, b := both(l.clicked(), func(a *arm) stats.Joint { return a.visits })
	return spoken(l.seq.LogE(stats.Ratio(a, b, [2]int{}, 0.05)))
}

func (l look) clicked() []epoch {
	return ready(l.epochs, false, 1, func(a *arm) int64 { return a.clickers })
}

func firstExposures(l look) float64 {
	var epochs []split.Epoch
	for _, e := range l.epochs {
		epochs = append(epochs, split.Epoch{Units: e.first[:], Weights: []float64{1 - e.treatment, e.treatment}})
	}
	return spoken(split.LogE(epochs))
}

// broken says whether so many units, or units of other arms than the weights say, are excluded that there is no verdict.
func (l look) broken() bool {
	var epochs []split.Epoch
	kept, excluded := int64(0), int64(0)
	for _, e := range l.epochs {
		epochs = append(epochs, split.Epoch{Units: e.excluded[:], Weights: []float64{1 - e.treatment, e.treatment}})
		excluded += e.excluded[0] + e.excluded[1]
		kept += e.first[0] + e.first[1] - e.excluded[0] - e.excluded[1]
	}
	var seen always.Evidence
	if logE, reason := split.LogE(epochs); reason == "" {
		seen.Observe(logE, 1, split.Alpha)
	}
	_, verdict := split.Assignment(kept, excluded, seen.P())
	return verdict == split.AssignmentBroken
}

// holm is the least adjusted p of three correlated metrics.
func holm(l look) float64 {
	p := []float64{1, 1, 1}
	for i, logE := range []float64{conversions(l), l.against(l.revenue(3)), clicks(l)} {
		p[i] = min(1, math.Exp(-logE))
	}
	least := 1.0
	for _, adjusted := range family.Holm(p) {
		least = min(least, adjusted)
	}
	return -math.Log(least)
}

func spoken(logE float64, reason string) float64 {
	if reason != "" {
		return noEvidence
	}
	return logE
}
