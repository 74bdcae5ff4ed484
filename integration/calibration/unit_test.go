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
)

// meanRevenue is that of a unit without effect.
var meanRevenue = buyers * medianSpend * math.Exp(spendSigma*spendSigma/2)

// draw is a unit whose conversion and purchase chances are (1+lift) times those without effect.
func draw(dice *rand.Rand, rate, lift float64) unit {
	u := unit{activity: math.Exp(0.6*dice.NormFloat64() - 0.18)}
	u.converted = dice.Float64() < rate*(1+lift)*u.activity
	u.revenue = spend(dice, buyers*(1+lift)*u.activity)
	u.past = spend(dice, 2*buyers*u.activity)
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

func spend(dice *rand.Rand, chance float64) int64 {
	if dice.Float64() >= chance {
		return 0
	}
	return int64(medianSpend*math.Exp(spendSigma*dice.NormFloat64()) + 0.5)
}
