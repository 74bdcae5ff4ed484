package stats

import (
	"math"

	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// Wilson is the score interval of a rate at level 1-alpha (Wilson 1927), for small counts and rates near 0 or 1:
// [p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)]/(1 + z^2/n). It stays within [0, 1]. The reason is empty, or too_few_units with n < 1.
func Wilson(c Count, alpha float64) (interval [2]float64, reason string) {
	if c.N < 1 {
		return interval, ReasonTooFewUnits
	}
	// The upper end of the converted and, mirrored, of the others: neither is a difference that cancels.
	z := distribution.NormalQuantile(alpha)
	return [2]float64{wilsonLower(c, z), 1 - wilsonLower(Count{N: c.N, X: c.N - c.X}, z)}, ""
}

// wilsonLower is p^2/(1 + z^2/n) over the upper end, the product of both ends being known.
func wilsonLower(c Count, z float64) float64 {
	n, rate := float64(c.N), float64(c.X)/float64(c.N)
	square := float64(z*z) / n
	half := z * math.Sqrt((c.spread()+float64(square/4))/n)
	return float64(rate*rate) / (rate + float64(square/2) + half)
}

// Newcombe is the interval of the difference of rates, treatment - control, at level 1-alpha from the Wilson intervals [l, u] of both
// (Newcombe 1998, method 10): D - sqrt[(pT-lT)^2 + (uC-pC)^2], D + sqrt[(uT-pT)^2 + (pC-lC)^2]. For counts too small for Wald's.
// The reason is empty, or too_few_units where an arm has none.
func Newcombe(control, treatment Count, alpha float64) (interval [2]float64, reason string) {
	c, reason := Wilson(control, alpha)
	if reason != "" {
		return interval, reason
	}
	t, reason := Wilson(treatment, alpha)
	if reason != "" {
		return interval, reason
	}
	rateC, _ := control.Mean()
	rateT, _ := treatment.Mean()
	difference := rateT - rateC
	return [2]float64{
		difference - math.Hypot(rateT-t[0], c[1]-rateC),
		difference + math.Hypot(t[1]-rateT, rateC-c[0]),
	}, ""
}
