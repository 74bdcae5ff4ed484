package stats

import (
	"math"
	"math/big"
)

// precision holds every product of sums whole and leaves 250 bits for what cancels.
const precision = 512

// moments are the means and covariances (divisor n-1) of the totals of one arm, per unit and in scaled integers.
type moments struct {
	n     int64
	means []*big.Float
	joint Joint
}

func (j Joint) moments() moments {
	m := moments{n: j.N, joint: j}
	for i := range j.S {
		m.means = append(m.means, quo(exact(j.S[i].Big()), number(j.N)))
	}
	return m
}

// covariance of totals a and b: (n Sab - Sa Sb) / (n (n-1)); n >= 2.
func (m moments) covariance(a, b int) *big.Float {
	return quo(exact(m.joint.scatter(a, b)), mul(number(m.n), number(m.n-1)))
}

// scatter is n Sab - Sa Sb.
func (j Joint) scatter(a, b int) *big.Int {
	product := j.P[j.at(a, b)].Big()
	product.Mul(product, big.NewInt(j.N))
	means := j.S[a].Big()
	return product.Sub(product, means.Mul(means, j.S[b].Big()))
}

// ratioCovariance is that of the ratios a/b and c/d of means, linearised about the means and per unit:
// [cov(a,c) - R' cov(a,d) - R cov(b,c) + R R' cov(b,d)] / (mean b * mean d), R = a/b, R' = c/d.
func (m moments) ratioCovariance(a, b, c, d int) *big.Float {
	left, right := quo(m.means[a], m.means[b]), quo(m.means[c], m.means[d])
	sum := whole(
		m.covariance(a, c),
		blank().Neg(mul(right, m.covariance(a, d))),
		blank().Neg(mul(left, m.covariance(b, c))),
		mul(mul(left, right), m.covariance(b, d)),
	)
	return quo(sum, mul(m.means[b], m.means[d]))
}

// whole is the sum of terms, and 0 where no more than their rounding is left of them: what cancels must not look like a variance.
func whole(terms ...*big.Float) *big.Float {
	sum, largest := blank(), 0
	for i, t := range terms {
		sum = add(sum, t)
		if exponent := t.MantExp(nil); i == 0 || exponent > largest {
			largest = exponent
		}
	}
	if sum.MantExp(nil) < largest-precision/2 {
		return blank()
	}
	return sum
}

func exact(x *big.Int) *big.Float    { return blank().SetInt(x) }
func number(x int64) *big.Float      { return blank().SetInt64(x) }
func add(x, y *big.Float) *big.Float { return blank().Add(x, y) }
func sub(x, y *big.Float) *big.Float { return blank().Sub(x, y) }
func mul(x, y *big.Float) *big.Float { return blank().Mul(x, y) }
func quo(x, y *big.Float) *big.Float { return blank().Quo(x, y) }
func blank() *big.Float              { return new(big.Float).SetPrec(precision) }

// unscaled is x/10^decimals, rounded twice.
func unscaled(x *big.Float, decimals int) float64 {
	f, _ := x.Float64()
	if decimals < 0 {
		return f * math.Pow10(-decimals)
	}
	return f / math.Pow10(decimals) // exact powers, up to 10^22
}
