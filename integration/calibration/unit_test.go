package calibration

import (
	"math"
	"math/rand/v2"
)

// unit is what one unit brings; money in cents.
type unit struct {
	activity  float64 // mean 1, skewed: who is active converts, buys, clicks and comes back more
	converted bool
	revenue   int64 // 3 % of units, lognormal(1.5): a few of them are most of the sum
	visits    int64
	clicks    int64 // of its visits
	past      int64 // revenue of before the exposure
}

// What a unit without effect brings on average.
const (
	buyers      = 0.03
	clickRate   = 0.1
	medianSpend = 2000 // cents
	spendSigma  = 1.5
	tasteSigma  = 1.2 // of it what a unit keeps from one purchase to the next
	regulars    = 0.1 // of the units buy so many times as often as on average, the others less
	regularly   = 6
)

// meanRevenue is that of a unit without effect.
var meanRevenue = buyers * medianSpend * math.Exp(spendSigma*spendSigma/2)

// draw is a unit whose conversion and purchase chances are (1+lift) times those without effect.
func draw(dice *rand.Rand, rate, lift float64) unit {
	u := unit{activity: math.Exp(0.6*dice.NormFloat64() - 0.18)}
	u.converted = dice.Float64() < rate*(1+lift)*u.activity
	often, taste := (1-regulars*regularly)/(1-regulars), math.Exp(tasteSigma*dice.NormFloat64())
	if dice.Float64() < regulars {
		often = regularly
	}
	u.revenue = spend(dice, buyers*(1+lift)*often, taste)
	u.past = spend(dice, 2*buyers*often, taste)
	u.visits = 1
	for dice.Float64() < 0.5*min(u.activity, 1.6) {
		u.visits++
	}
	for range u.visits {
		if dice.Float64() < clickRate*u.activity {
			u.clicks++
		}
	}
	return u
}

func spend(dice *rand.Rand, chance, taste float64) int64 {
	if dice.Float64() >= chance {
		return 0
	}
	rest := math.Sqrt(spendSigma*spendSigma - tasteSigma*tasteSigma)
	return int64(medianSpend*taste*math.Exp(rest*dice.NormFloat64()) + 0.5)
}
