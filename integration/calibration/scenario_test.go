package calibration

import "math/rand/v2"

// scenario is a run of an experiment with a known truth.
type scenario struct {
	name   string
	epochs []allocation
	lift   func(progress float64) float64 // effect on the units that come at that share of the run
	// again is the chance, times its activity, that a unit is exposed once more, by the weights anew; in another arm it is excluded.
	again float64
	// withheld says that verdicts must mostly be withheld, so that a broken assignment is found.
	withheld bool
}

// allocation is one epoch: from that share of the run on, the share of treatment and the rate of conversion.
type allocation struct {
	from, treatment, rate float64
}

func none(float64) float64 { return 0 }

var scenarios = []scenario{
	{name: "null, 50/50", epochs: []allocation{{0, 0.5, 0.05}}, lift: none},
	{name: "null, 10/90", epochs: []allocation{{0, 0.1, 0.05}}, lift: none},
	{name: "null, 90/10", epochs: []allocation{{0, 0.9, 0.05}}, lift: none},
	{name: "canary: 1/99, then 50/50", epochs: []allocation{{0, 0.01, 0.05}, {0.4, 0.5, 0.05}}, lift: none},
	{name: "ramp down: 50/50, then 1/99", epochs: []allocation{{0, 0.5, 0.05}, {0.2, 0.01, 0.05}}, lift: none},
	{name: "novelty: +20 % that dies", epochs: []allocation{{0, 0.5, 0.05}}, lift: func(progress float64) float64 {
		if progress < 0.1 {
			return 0.2
		}
		return 0
	}},
	{name: "epochs: 10/90 at 5 %, 50/50 at 6 %", epochs: []allocation{{0, 0.1, 0.05}, {0.3, 0.5, 0.06}, {0.7, 0.3, 0.04}}, lift: none},
	{name: "exclusion, 50/50", epochs: []allocation{{0, 0.5, 0.05}}, lift: none, again: 0.05},
	{name: "exclusion, 10/90", epochs: []allocation{{0, 0.1, 0.05}}, lift: none, again: 0.2, withheld: true},
}

// effects says whether a truth other than zero must be followed.
func (s scenario) effects() bool { return s.lift(0) != 0 }

// pick is an arm by the share of treatment: 0 control, 1 treatment.
func (a allocation) pick(dice *rand.Rand) int {
	if dice.Float64() < a.treatment {
		return 1
	}
	return 0
}
