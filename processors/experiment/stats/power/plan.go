package power

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/abacus-stream/abacus/processors/experiment/stats/always"
	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// Plan is what a comparison of two arms is held to. Zero fields mean the defaults.
type Plan struct {
	Alpha       float64 // two-sided level; 0.05. Over a family of m tests pass alpha/m, the worst case of Holm
	Power       float64 // chance to find the effect where it is true; 0.8
	Share       float64 // of treatment among the units of both arms; 0.5
	AlwaysValid bool    // look whenever you like: rates by always.LiftLogE, means by always.Sequence
}

// Units are what a comparison needs in each arm.
type Units struct {
	Control, Treatment int64
}

// Both are the units of both arms, the planned units of always.Sequence.
func (u Units) Both() int64 { return u.Control + u.Treatment }

const (
	defaultAlpha = 0.05
	defaultPower = 0.8
	defaultShare = 0.5
	mostUnits    = 1e15
)

// Validate reports every fault at once.
func (p Plan) Validate() error {
	p = p.filled()
	var faults []error
	if !(p.Alpha > 0 && p.Alpha <= 0.5) {
		faults = append(faults, fmt.Errorf("alpha %v: want more than 0, at most 0.5", p.Alpha))
	}
	if !(p.Power >= 0.5 && p.Power < 1) {
		faults = append(faults, fmt.Errorf("power %v: want at least 0.5, below 1", p.Power))
	}
	if !(p.Share > 0 && p.Share < 1) {
		faults = append(faults, fmt.Errorf("share %v of treatment: want between 0 and 1", p.Share))
	}
	return errors.Join(faults...)
}

// Rates are the units to find that a conversion rate goes from baseline, in (0, 1), to baseline*(1+lift), in (0, 1) too; lift not 0.
func (p Plan) Rates(baseline, lift float64) (Units, error) {
	if err := p.Validate(); err != nil {
		return Units{}, err
	}
	treated := baseline * (1 + lift)
	if !(baseline > 0 && baseline < 1) || !(treated > 0 && treated < 1) || lift == 0 {
		return Units{}, fmt.Errorf("a rate of %v with a relative effect of %v: want two different rates between 0 and 1", baseline, lift)
	}
	p = p.filled()
	mean := float64((1-p.Share)*baseline) + float64(p.Share*treated)
	if p.AlwaysValid {
		return p.conversions(mean, float64(baseline*lift))
	}
	null := mean * (1 - mean) / (p.Share * (1 - p.Share))
	effect := baseline*(1-baseline)/(1-p.Share) + treated*(1-treated)/p.Share
	return p.units(null, effect, float64(baseline*lift))
}

// Means are the units to find that a mean, not 0, goes to mean + lift |mean|, with the standard deviation sd > 0 of one unit; lift not 0.
func (p Plan) Means(mean, sd, lift float64) (Units, error) {
	if err := p.Validate(); err != nil {
		return Units{}, err
	}
	effect := mean * lift
	if effect == 0 || !(sd > 0) || math.IsInf(sd, 1) || math.IsNaN(effect) || math.IsInf(effect, 0) {
		return Units{}, fmt.Errorf("a mean of %v, sd %v, with a relative effect of %v: want an sd above 0 and an effect", mean, sd, lift)
	}
	p = p.filled()
	v := float64(sd*sd) / (p.Share * (1 - p.Share))
	return p.units(v, v, effect)
}

// Duration is how long units take to enter at so many a day, in whole days, and to mature: window is that of the metric.
func Duration(units int64, perDay float64, window time.Duration) (time.Duration, error) {
	days := math.Ceil(float64(units) / perDay)
	if !(perDay > 0) || !(days < 36_500) || window < 0 {
		return 0, fmt.Errorf("%d units at %v a day: want more than 0 a day, and an end within a hundred years", units, perDay)
	}
	return time.Duration(days)*24*time.Hour + window, nil
}

// units of an effect whose estimate has variance null/N without it and effect/N with it.
func (p Plan) units(null, effect, difference float64) (Units, error) {
	root := float64(p.critical()*math.Sqrt(null)) + float64(distribution.NormalQuantile(2*(1-p.Power))*math.Sqrt(effect))
	both := float64(root*root) / float64(difference*difference)
	if !(both < mostUnits) {
		return Units{}, fmt.Errorf("an effect of %v takes %.3g units: more than anyone has", difference, both)
	}
	return Units{Control: atLeast(both * (1 - p.Share)), Treatment: atLeast(both * p.Share)}, nil
}

// conversions are the units after which the e-process of conversions, whose rate is mean over both arms, finds a difference. It sees
// the arms of those that convert alone: near a rate of 1 a difference hardly shows in them.
func (p Plan) conversions(mean, difference float64) (Units, error) {
	perRoot := math.Abs(difference) * math.Sqrt(float64(p.Share*(1-p.Share))/mean) // of z, by the root of the units
	spare := distribution.NormalQuantile(2 * (1 - p.Power))
	found := func(units float64) bool {
		prior := always.LiftPrior / float64(units*mean)
		critical := math.Sqrt(float64((1 + prior) * (math.Log1p(1/prior) - 2*math.Log(p.Alpha))))
		return float64(perRoot*math.Sqrt(units)) >= critical+spare
	}
	low, high := 1.0, float64(mostUnits)
	if !found(high) {
		return Units{}, fmt.Errorf("an effect of %v takes more than %.3g units: more than anyone has", difference, high)
	}
	for high-low > 0.5 {
		if middle := low + (high-low)/2; found(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return Units{Control: atLeast(high * (1 - p.Share)), Treatment: atLeast(high * p.Share)}, nil
}

// critical is the z at which the effect is found.
func (p Plan) critical() float64 {
	if !p.AlwaysValid {
		return distribution.NormalQuantile(p.Alpha)
	}
	log := -2 * math.Log(defaultAlpha) // the sequence is tuned for this alpha, whatever the family
	r := log + math.Log1p(log)
	return math.Sqrt((1 + 1/r) * (math.Log1p(r) - 2*math.Log(p.Alpha)))
}

func (p Plan) filled() Plan {
	fill := func(field *float64, value float64) {
		if *field == 0 {
			*field = value
		}
	}
	fill(&p.Alpha, defaultAlpha)
	fill(&p.Power, defaultPower)
	fill(&p.Share, defaultShare)
	return p
}

// atLeast rounds up, to two units.
func atLeast(units float64) int64 { return max(int64(math.Ceil(units)), 2) }
