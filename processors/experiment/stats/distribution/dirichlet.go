package distribution

import "math"

// DirichletMultinomial is the log e-value of counts against weights, with a Dirichlet prior a about the true shares:
// ln e = lnG(A) - sum lnG(a) + sum lnG(a + c) - lnG(A + N) - sum c ln w, with w the normalised weights, A = sum a, N = sum c and G the
// gamma function. Slices of equal length; each weight and prior is above 0 and finite, each count at least 0 and below 2^53.
// Centred gives the usual prior. (Lindon and Malek, arXiv 2011.03567.)
//
// The gammas are so large that their difference would lose all digits: with Stirling's formula ln e is a sum of small terms,
// the deviance of the counts from their expectation, half a log for each arm and the rests of the formula.
func DirichletMultinomial(counts []int64, weights, prior []float64) float64 {
	total, low := exactSum(weights)
	units, before := 0.0, 0.0
	for i, c := range counts {
		units += float64(c)
		before += prior[i]
	}
	logE := float64(math.Log1p(units/before)/2) - stirlingRest(before+units) + stirlingRest(before)
	for i, c := range counts {
		share, count := weights[i]/total, float64(c)
		offset := prior[i] - float64(before*share)
		gap := offset + excess(count, weights[i], units, total, low)
		logE += deviance(prior[i]+count, float64((before+units)*share), gap)
		logE -= deviance(prior[i], float64(before*share), offset)
		logE -= float64(math.Log1p(count/prior[i]) / 2)
		logE += stirlingRest(prior[i]+count) - stirlingRest(prior[i])
	}
	return logE
}

// Centred is the prior of concentration k > 0 centred on the weights: as if k units had been seen, split exactly as they should be.
func Centred(weights []float64, k float64) []float64 {
	total, _ := exactSum(weights)
	prior := make([]float64, len(weights))
	for i, w := range weights {
		prior[i] = k * (w / total)
	}
	return prior
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
