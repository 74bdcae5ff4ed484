package distribution

import "math"

// seriesTerms bounds the expansions below: at 20 degrees of freedom the last term is below 1e-16.
const seriesTerms = 20

// Coefficients in y^2 of (sinh y / y)^-1/2, for the tail, and of (sinh y / y)^-3/2, for the ratio of gammas.
var (
	tailCoefficients  = sinhPower(-0.5)
	gammaCoefficients = sinhPower(-1.5)
)

// studentSeries is the two-sided tail P = 1/B(df/2,1/2) * integral over w from L of exp(-T w) (2 sinh(w/2))^-1/2 dw,
// L = log(1+t^2/df), T = df/2 - 1/4. With (sinh y / y)^-1/2 = sum p_n y^2n each term is an incomplete gamma function:
// P = Gamma(T+3/4)/(Gamma(T+1/4) sqrt(T pi)) * sum p_n Gamma(2n+1/2, T L) / (2T)^2n. (DiDonato and Morris 1992, for b = 1/2.)
func studentSeries(l, df float64) float64 {
	centre := seriesCentre(df)
	u := centre * l
	gamma := math.Erfc(math.Sqrt(u)) // Gamma(2n+1/2, u)/sqrt(pi), times scale
	edge := math.Exp(-u) * math.Sqrt(u/math.Pi)
	scale := 1 / float64(4*centre*centre)
	sum := gamma
	for n := 1; n < seriesTerms; n++ {
		s := 2*float64(n) - 1.5
		gamma = scale * (float64((s+1)*(float64(s*gamma)+edge)) + float64(u*edge))
		edge *= scale * u * u
		term := tailCoefficients[n] * gamma
		sum += float64(term)
		if math.Abs(term) < 1e-17*sum {
			break
		}
	}
	return gammaHalfStep(centre) * sum
}

// seriesCentre is T of studentSeries, about which both expansions are even.
func seriesCentre(df float64) float64 {
	return float64(df/2) - 0.25
}

// gammaHalfStep is Gamma(w+3/4) / (Gamma(w+1/4) sqrt(w)) for w > 9, by the expansion of Fields (1966) in 1/w^2.
func gammaHalfStep(w float64) float64 {
	scale := 1 / float64(4*w*w)
	sum, falling := 1.0, 1.0
	for n := 1; n < seriesTerms; n++ {
		k := 2 * float64(n)
		falling *= (2.5 - k) * (1.5 - k) * scale // 1/2 (1/2-1) ... (1/2-2n+1)
		term := gammaCoefficients[n] * falling
		sum += float64(term)
		if math.Abs(term) < 1e-17 {
			break
		}
	}
	return sum
}

// sinhPower is the power series of (sinh y / y)^r in y^2, by the recurrence n p_n = sum over k of (k r - (n-k)) a_k p_(n-k)
// with a_k = 1/(2k+1)!, the coefficients of sinh y / y.
func sinhPower(r float64) [seriesTerms]float64 {
	var a, p [seriesTerms]float64
	a[0], p[0] = 1, 1
	for n := 1; n < seriesTerms; n++ {
		a[n] = a[n-1] / float64(2*n*(2*n+1))
		for k := 1; k <= n; k++ {
			weight := float64(float64(k)*r) - float64(n-k)
			p[n] += float64(weight * a[k] * p[n-k])
		}
		p[n] /= float64(n)
	}
	return p
}
