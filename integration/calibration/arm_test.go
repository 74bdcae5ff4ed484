package calibration

import "github.com/abacus-stream/abacus/processors/experiment/stats"

// epoch is the sums of one allocation epoch.
type epoch struct {
	allocation
	arms     [2]arm
	first    [2]int64 // first exposures, excluded units too
	excluded [2]int64 // by first-seen arm
}

// arm is the sums of one arm.
type arm struct {
	conversions, revenue, clicks stats.Sums
	spend, visits                stats.Joint // revenue and past; clicks and visits
	buyers, clickers             int64
}

func (a *arm) include(u unit) {
	converted := int64(0)
	if u.converted {
		converted = 1
	}
	a.conversions.Include(converted)
	a.revenue.Include(u.revenue)
	a.clicks.Include(u.clicks)
	a.spend.Include(u.revenue, u.past)
	a.visits.Include(u.clicks, u.visits)
	if u.revenue != 0 {
		a.buyers++
	}
	if u.clicks != 0 {
		a.clickers++
	}
}

// both reads something of control and treatment from each epoch.
func both[T any](epochs []epoch, read func(a *arm) T) (control, treatment []T) {
	for i := range epochs {
		control = append(control, read(&epochs[i].arms[0]))
		treatment = append(treatment, read(&epochs[i].arms[1]))
	}
	return control, treatment
}
