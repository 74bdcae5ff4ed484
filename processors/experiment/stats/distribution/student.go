package distribution

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// From this many degrees of freedom, and up to this log(1+t^2/df), the tail comes from studentSeries:
// gonum's incomplete beta loses digits as df grows (1e-11 at 1e3, 1e-8 at 1e6), the series gains them.
const (
	seriesFromDF = 20
	seriesToLog  = 2
)

// StudentP is the two-sided p of t with df >= 1 degrees of freedom, to a relative 1e-12.
func StudentP(t, df float64) float64 {
	stretch := math.Log1p(float64(t*t) / df)
	if df >= seriesFromDF && stretch <= seriesToLog {
		return min(studentSeries(stretch, df), 1) // the series may end an ulp above 1
	}
	return 2 * distuv.StudentsT{Sigma: 1, Nu: df}.CDF(-math.Abs(t))
}

// StudentQuantile is the t > 0 with StudentP(t, df) = alpha, to a relative 1e-12; df >= 1, alpha from 1e-100 to below 1.
// log p falls and is concave in log t, so Newton's steps in these, from the normal quantile on the near side, overshoot at most once.
func StudentQuantile(alpha, df float64) float64 {
	t := NormalQuantile(alpha)
	for range 64 {
		p := StudentP(t, df)
		slope := 2 * t * studentDensity(t, df) / p
		step := math.Log(p/alpha) / slope
		t *= math.Exp(step)
		if math.Abs(step) < 1e-9 { // quadratic: the next step would be below the last digit
			break
		}
	}
	return t
}

// studentDensity is the density of t with df degrees of freedom.
func studentDensity(t, df float64) float64 {
	if df < seriesFromDF {
		return distuv.StudentsT{Sigma: 1, Nu: df}.Prob(t)
	}
	centre := seriesCentre(df)
	peak := gammaHalfStep(centre) * math.Sqrt(centre/(math.Pi*df))
	return peak * math.Exp(-(df+1)/2*math.Log1p(float64(t*t)/df))
}
