package always

import "math"

// Evidence is the largest log e-value of a run so far: evidence against "no effect ever". It only grows and is never reset, not by
// an epoch either. The zero value has seen nothing, p = 1.
type Evidence struct {
	LogE    float64 // at least 0, rounded to 1e-9, so that state does not depend on the last digits
	Crossed int64   // when p first was at most alpha, in the unit of `at`; 0: never
}

// Observe takes the log e-value of one look at time `at` > 0, at level alpha.
func (e *Evidence) Observe(logE float64, at int64, alpha float64) {
	if rounded := math.Round(logE*1e9) / 1e9; rounded > e.LogE {
		e.LogE = rounded
	}
	if e.Crossed == 0 && e.P() <= alpha {
		e.Crossed = at
	}
}

// P is the p-value that stays valid at all times, two-sided where the e-values are.
func (e Evidence) P() float64 {
	return math.Exp(-e.LogE)
}
