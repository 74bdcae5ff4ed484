package distribution

import "math"

// DirichletMultinomial is the log e-value of counts against weights, with a Dirichlet prior of concentration k > 0 centred on them:
// ln e = lnG(k) - sum lnG(k w) + sum lnG(k w + c) - lnG(k + N) - sum c ln w, with w the normalised weights, N = sum c, G the gamma function.
// Each weight is above 0 and finite, each count at least 0 and below 2^53; slices of equal length. (Lindon and Malek 2022, eq. 5.)
//
// The gammas are so large that their difference would lose all digits: with Stirling's formula ln e is a sum of small terms,
// the deviance of the counts from their expectation, half a log for each arm and the rests of the formula.
func DirichletMultinomial(counts []int64, weights []float64, k float64) float64 {
	total, low := exactSum(weights)
	units := 0.0
	for _, c := range counts {
		units += float64(c)
	}
	logE := float64(math.Log1p(units/k)/2) - stirlingRest(k+units) + stirlingRest(k)
	for i, c := range counts {
		share := weights[i] / total
		prior := float64(k * share)
		posterior := prior + float64(c)
		logE += deviance(posterior, float64((k+units)*share), excess(float64(c), weights[i], units, total, low))
		logE -= float64(math.Log1p(float64(c)/prior) / 2)
		logE += stirlingRest(posterior) - stirlingRest(prior)
	}
	return logE
}

// excess is count - units*weight/(total+low). The products are kept whole, since their difference is small beside them.
func excess(count, weight, units, total, low float64) float64 {
	seen, expected := float64(count*total), float64(units*weight)
	rest := math.FMA(count, total, -seen) - math.FMA(units, weight, -expected) + float64(count*low)
	return (seen - expected + rest) / total
}

// exactSum is the sum of weights as total + low, low being what total rounds off.
func exactSum(weights []float64) (total, low float64) {
	for _, w := range weights {
		sum := total + w
		part := sum - total
		low += (total - (sum - part)) + (w - part)
		total = sum
	}
	return total, low
}

// deviance is x ln(x/expected) - gap, with gap = x - expected known apart, x and expected > 0.
// Where they are near each other the log is a series in gap/(x + expected), which loses no digit. (Loader 2000.)
func deviance(x, expected, gap float64) float64 {
	ratio := gap / (x + expected)
	if math.Abs(ratio) >= 0.1 {
		return float64(x*math.Log(x/expected)) - gap
	}
	sum, square := float64(gap*ratio), float64(ratio*ratio)
	power := 2 * x * ratio
	for j := 3.0; ; j += 2 {
		power *= square
		next := sum + power/j
		if next == sum {
			return sum
		}
		sum = next
	}
}

// From this x on five terms of stirlingRest's series reach the last digit.
const stirlingFrom = 16

// stirlingRest is lnG(x) - [(x-1/2) ln x - x + 1/2 ln 2 pi], x > 0.
func stirlingRest(x float64) float64 {
	if x < stirlingFrom {
		log, _ := math.Lgamma(x)
		return log - float64((x-0.5)*math.Log(x)) + x - math.Log(2*math.Pi)/2
	}
	square := 1 / float64(x*x)
	rest := 1.0 / 1188
	for _, term := range []float64{-1.0 / 1680, 1.0 / 1260, -1.0 / 360, 1.0 / 12} {
		rest = float64(rest*square) + term
	}
	return rest / x
}
