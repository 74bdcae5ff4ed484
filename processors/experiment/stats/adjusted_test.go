package stats

import (
	"encoding/json"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// column is one total of all units of an arm as rationals, in real units.
type column []*big.Rat

func columns(units [][]int64, decimals []int) []column {
	out := make([]column, len(decimals))
	for _, u := range units {
		for i, v := range u {
			out[i] = append(out[i], new(big.Rat).SetFrac(big.NewInt(v), powerOfTen(decimals[i])))
		}
	}
	return out
}

func (c column) mean() *big.Rat {
	sum := new(big.Rat)
	for _, v := range c {
		sum.Add(sum, v)
	}
	return sum.Quo(sum, big.NewRat(int64(len(c)), 1))
}

// covariance in two passes, divisor n-1.
func (c column) covariance(o column) *big.Rat {
	sum, mc, mo := new(big.Rat), c.mean(), o.mean()
	for i := range c {
		a, b := new(big.Rat).Sub(c[i], mc), new(big.Rat).Sub(o[i], mo)
		sum.Add(sum, a.Mul(a, b))
	}
	return sum.Quo(sum, big.NewRat(int64(len(c)-1), 1))
}

// linear is m - R d over the mean of d, unit by unit: the linear form of a ratio, whose variance is that of the delta method.
func linear(m, d column) column {
	ratio := new(big.Rat).Quo(m.mean(), d.mean())
	out := make(column, len(m))
	for i := range m {
		v := new(big.Rat).Mul(ratio, d[i])
		out[i] = v.Sub(m[i], v).Quo(v, d.mean())
	}
	return out
}

func ratOf(f func(z *big.Rat, x, y *big.Rat) *big.Rat, x, y *big.Rat) *big.Rat {
	return f(new(big.Rat), x, y)
}

var (
	ratAdd = (*big.Rat).Add
	ratSub = (*big.Rat).Sub
	ratMul = (*big.Rat).Mul
	ratQuo = (*big.Rat).Quo
)

// expected is a comparison by rationals: y of control and treatment, x of both, as linear forms about the given means.
type expected struct{ difference, variance, relative, relativeVariance, theta float64 }

// expect follows the formulas of Adjusted term by term. The forms carry variances; the means are given apart.
// r is the ratio of the arms in the relative variance: of the plain means or of the adjusted.
func expect(yC, xC, yT, xT column, means [4]*big.Rat, theta *big.Rat, adjusted bool) expected {
	nC, nT := big.NewRat(int64(len(yC)), 1), big.NewRat(int64(len(yT)), 1)
	square, twice := ratOf(ratMul, theta, theta), ratOf(ratMul, theta, big.NewRat(2, 1))
	own := func(y, x column, r *big.Rat) *big.Rat {
		v := ratOf(ratMul, ratOf(ratMul, r, r), y.covariance(y))
		v.Sub(v, ratOf(ratMul, ratOf(ratMul, twice, r), y.covariance(x)))
		return v.Add(v, ratOf(ratMul, square, x.covariance(x)))
	}
	one, r := big.NewRat(1, 1), ratOf(ratQuo, means[2], means[0])
	difference := ratOf(ratSub, ratOf(ratSub, means[2], means[0]), ratOf(ratMul, theta, ratOf(ratSub, means[3], means[1])))
	if adjusted {
		r = ratOf(ratAdd, one, ratOf(ratQuo, difference, means[0]))
	}
	vT := ratOf(ratQuo, own(yT, xT, one), nT)
	v := ratOf(ratAdd, vT, ratOf(ratQuo, own(yC, xC, one), nC))
	relative := ratOf(ratAdd, vT, ratOf(ratQuo, own(yC, xC, r), nC))
	relative.Quo(relative, ratOf(ratMul, means[0], means[0]))
	return expected{
		nearest(difference), nearest(v), nearest(ratOf(ratQuo, difference, new(big.Rat).Abs(means[0]))), nearest(relative), nearest(theta),
	}
}

func (e expected) check(t *rapid.T, c Comparison) {
	scale := math.Abs(e.difference) + math.Sqrt(e.variance)
	require.InDelta(t, e.difference, c.Difference, 1e-12*scale)
	require.InEpsilon(t, math.Sqrt(e.variance), c.SE, 1e-12)
	require.InDelta(t, e.relative, c.Relative, 1e-12*(math.Abs(e.relative)+math.Sqrt(e.relativeVariance)))
	require.InEpsilon(t, math.Sqrt(e.relativeVariance), c.RelativeSE, 1e-12)
	require.InDelta(t, e.theta, c.Theta, 1e-12*math.Abs(e.theta))
}

// drawArm draws units of several totals, each the first plus noise, so that they are correlated, all above 0.
func drawArm(t *rapid.T, totals int, label string) [][]int64 {
	n := rapid.IntRange(3, 25).Draw(t, label+" n")
	units := make([][]int64, n)
	for i := range units {
		base := rapid.Int64Range(1, 1_000_000).Draw(t, label)
		units[i] = []int64{base}
		for range totals - 1 {
			units[i] = append(units[i], base/2+rapid.Int64Range(1, 200_000).Draw(t, label))
		}
	}
	units[0][0], units[1][0] = 5, 900_001 // never constant
	return units
}

func TestAdjustedAgainstRationals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decimals := [2]int{rapid.IntRange(0, 6).Draw(t, "decimals"), rapid.IntRange(0, 6).Draw(t, "decimals x")}
		c, tr := drawArm(t, 2, "control"), drawArm(t, 2, "treatment")
		a, b := columns(c, decimals[:]), columns(tr, decimals[:])
		both := columns(append(append([][]int64{}, c...), tr...), decimals[:])
		theta := ratOf(ratQuo, both[0].covariance(both[1]), both[1].covariance(both[1]))
		want := expect(a[0], a[1], b[0], b[1], [4]*big.Rat{a[0].mean(), a[1].mean(), b[0].mean(), b[1].mean()}, theta, false)
		got := Adjusted([]Joint{jointOf(c)}, []Joint{jointOf(tr)}, decimals, 0.05)
		require.Equal(t, "welch_cuped", got.Method)
		want.check(t, got)
		require.InEpsilon(t, distribution.StudentP(got.Statistic, got.DF), got.P, 1e-12)
	})
}

func TestAdjustedRatioAgainstRationals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decimals := [2]int{rapid.IntRange(0, 6).Draw(t, "decimals"), rapid.IntRange(0, 6).Draw(t, "decimals d")}
		all := []int{decimals[0], decimals[1], decimals[0], decimals[1]}
		c, tr := drawArm(t, 4, "control"), drawArm(t, 4, "treatment")
		a, b := columns(c, all), columns(tr, all)
		yC, xC, yT, xT := linear(a[0], a[1]), linear(a[2], a[3]), linear(b[0], b[1]), linear(b[2], b[3])
		theta := ratOf(ratQuo, ratOf(ratAdd, yC.covariance(xC), yT.covariance(xT)), ratOf(ratAdd, xC.covariance(xC), xT.covariance(xT)))
		ratio := func(m, d column) *big.Rat { return ratOf(ratQuo, m.mean(), d.mean()) }
		means := [4]*big.Rat{ratio(a[0], a[1]), ratio(a[2], a[3]), ratio(b[0], b[1]), ratio(b[2], b[3])}
		got := AdjustedRatio([]Joint{jointOf(c)}, []Joint{jointOf(tr)}, decimals, 0.05)
		require.Equal(t, "ratio_cuped", got.Method)
		expect(yC, xC, yT, xT, means, theta, true).check(t, got)

		plain := Ratio([]Joint{jointOf(pick(c, 2))}, []Joint{jointOf(pick(tr, 2))}, decimals, 0.05)
		require.Equal(t, MethodRatio, plain.Method)
		plain.Theta = 0
		expect(yC, xC, yT, xT, means, new(big.Rat), false).check(t, plain)
		require.InDelta(t, distribution.NormalP(plain.Statistic), plain.P, 1e-15)
	})
}

// pick keeps the first totals of each unit.
func pick(units [][]int64, totals int) (out [][]int64) {
	for _, u := range units {
		out = append(out, u[:totals])
	}
	return out
}

// y = 3 x + 1 leaves nothing to vary: the rounding of theta must not pass for a variance.
func TestACovariateThatExplainsEverything(t *testing.T) {
	var c, tr Joint
	for x := range int64(50) {
		c.Include(3*x*x+1, x*x)
		tr.Include(3*x+1, x)
	}
	got := Adjusted([]Joint{c}, []Joint{tr}, [2]int{2, 0}, 0.05)
	require.Equal(t, ReasonNoVariance, got.Reason)
	near(t, 0.03, got.Theta, 1e-15, "theta")
	missing(t, got.P, got.SE, got.Interval[0])

	var ratioC, ratioT Joint
	for d := range int64(50) {
		ratioC.Include(7*(d+1), 3*(d+1))
		ratioT.Include(7*(d+2), 3*(d+2))
	}
	require.Equal(t, ReasonNoVariance, Ratio([]Joint{ratioC}, []Joint{ratioT}, [2]int{}, 0.05).Reason)
}

func TestAConstantCovariateChangesNothing(t *testing.T) {
	var c, tr Joint
	for y := range int64(40) {
		c.Include(y, 8)
		tr.Include(2*y, 8)
	}
	got := Adjusted([]Joint{c}, []Joint{tr}, [2]int{}, 0.05)
	plain := Welch(c.Sums(0).Sample(0), tr.Sums(0).Sample(0), 0.05)
	require.Zero(t, got.Theta)
	near(t, plain.P, got.P, 1e-13, "p")
	nearPair(t, plain.RelativeInterval, got.RelativeInterval, 1e-12, "relative interval")
}

func TestStrataOfJointSums(t *testing.T) {
	arm := func(shift int64, units int64) (j Joint) {
		for i := range units {
			x := (i*7919 + shift) % 101
			j.Include(x+(i*31)%17+shift, x)
		}
		return j
	}
	control, treatment := []Joint{arm(0, 300), arm(5, 200)}, []Joint{arm(1, 100), arm(6, 400)}
	c := Adjusted(control, treatment, [2]int{}, 0.05)
	require.Equal(t, "welch_cuped_stratified", c.Method)
	require.EqualValues(t, 1000, c.N)
	first, second := Adjusted(control[:1], treatment[:1], [2]int{}, 0.05), Adjusted(control[1:], treatment[1:], [2]int{}, 0.05)
	require.InDelta(t, 0.4*first.Difference+0.6*second.Difference, c.Difference, 0.05, "one theta instead of two")
	require.InEpsilon(t, math.Hypot(0.4*first.SE, 0.6*second.SE), c.SE, 0.01)

	thin := append(append([]Joint{}, control...), Joint{})
	again := Adjusted(thin, append(append([]Joint{}, treatment...), arm(2, 50)), [2]int{}, 0.05)
	require.Equal(t, c.P, again.P, "a stratum without control is left out")

	r := Ratio(control, treatment, [2]int{}, 0.05)
	require.Equal(t, "ratio_stratified", r.Method)
	r1, r2 := Ratio(control[:1], treatment[:1], [2]int{}, 0.05), Ratio(control[1:], treatment[1:], [2]int{}, 0.05)
	require.InEpsilon(t, 0.4*r1.Difference+0.6*r2.Difference, r.Difference, 1e-12)
	require.InEpsilon(t, math.Hypot(0.4*r1.SE, 0.6*r2.SE), r.SE, 1e-12)
}

func TestJointComparisonsWithoutFigures(t *testing.T) {
	some := jointOf([][]int64{{1, 0}, {2, 0}, {5, 0}})
	for _, c := range []struct {
		got    Comparison
		reason string
	}{
		{Ratio([]Joint{some}, []Joint{some}, [2]int{}, 0.05), ReasonNoDenominator},
		{Ratio([]Joint{{}}, []Joint{some}, [2]int{}, 0.05), ReasonTooFewUnits},
		{Ratio(nil, nil, [2]int{}, 0.05), ReasonTooFewUnits},
		{Adjusted([]Joint{{}}, []Joint{some}, [2]int{}, 0.05), ReasonTooFewUnits},
		{AdjustedRatio([]Joint{some}, []Joint{some}, [2]int{}, 0.05), ReasonNoDenominator},
	} {
		require.Equal(t, c.reason, c.got.Reason)
		require.Zero(t, c.got.N)
		missing(t, c.got.Difference, c.got.Relative, c.got.RelativeSE, c.got.P, c.got.Theta, c.got.Interval[1], c.got.RelativeInterval[0])
	}
}

// gbstatsRatio is an arm of four totals; each pair is a sum and its sum of squares.
type gbstatsRatio struct {
	N                                                                int64
	MPost, DPost, MPre, DPre                                         [2]json.Number
	MPostMPre, DPostDPre, MPreDPre, MPostDPost, MPostDPre, MPreDPost json.Number
}

func (a *gbstatsRatio) UnmarshalJSON(raw []byte) error {
	var fields struct {
		N          int64
		MPost      [2]json.Number `json:"m_post"`
		DPost      [2]json.Number `json:"d_post"`
		MPre       [2]json.Number `json:"m_pre"`
		DPre       [2]json.Number `json:"d_pre"`
		MPostMPre  json.Number    `json:"m_post_m_pre"`
		DPostDPre  json.Number    `json:"d_post_d_pre"`
		MPreDPre   json.Number    `json:"m_pre_d_pre"`
		MPostDPost json.Number    `json:"m_post_d_post"`
		MPostDPre  json.Number    `json:"m_post_d_pre"`
		MPreDPost  json.Number    `json:"m_pre_d_post"`
	}
	err := json.Unmarshal(raw, &fields)
	*a = gbstatsRatio(fields)
	return err
}

// joint is the sums at 14 decimals, which hold all the source prints; products are kept at 28.
func (a gbstatsRatio) joint(t *testing.T) Joint {
	product := func(n json.Number) Int192 { return Int192{}.AddInt64Product(scaled(t, n, 14), 1e14) }
	return Joint{
		N: a.N,
		S: []Int128{sum14(t, a.MPost[0]), sum14(t, a.DPost[0]), sum14(t, a.MPre[0]), sum14(t, a.DPre[0])},
		P: []Int192{
			product(a.MPost[1]), product(a.MPostDPost), product(a.MPostMPre), product(a.MPostDPre),
			product(a.DPost[1]), product(a.MPreDPost), product(a.DPostDPre),
			product(a.MPre[1]), product(a.MPreDPre), product(a.DPre[1]),
		},
	}
}

func sum14(t *testing.T, n json.Number) Int128 { return Int128{}.AddInt64(scaled(t, n, 14)) }

// The published p and interval are those of the relative effect with Welch's degrees of freedom, checked from their parts.
func TestGBStatsAdjustedRatio(t *testing.T) {
	v := gbstats(t, "cuped_ratio_relative")
	var a, b gbstatsRatio
	require.NoError(t, json.Unmarshal(v.A, &a))
	require.NoError(t, json.Unmarshal(v.B, &b))
	control, treatment := []Joint{a.joint(t)}, []Joint{b.joint(t)}
	c := AdjustedRatio(control, treatment, [2]int{14, 14}, v.Alpha)
	near(t, v.Theta, c.Theta, 1e-12, "theta")
	near(t, v.Precise.Estimate, c.Relative, 1e-10, "relative")
	near(t, v.Precise.SE, c.RelativeSE, 1e-10, "se")
	s := newLines(control, treatment, ratioLine)
	x, y := s.adjusted(s.ratioTheta(), 0)
	df := satterthwaite(x[0], y[0])
	near(t, v.Precise.DOF, df, 1e-10, "df")
	p := distribution.StudentP(c.Relative/c.RelativeSE, df)
	near(t, v.Precise.P, p, 1e-10, "p")
	half := distribution.StudentQuantile(v.Alpha, df) * c.RelativeSE
	nearPair(t, v.Precise.CI, [2]float64{c.Relative - half, c.Relative + half}, 1e-9, "interval")
	printed(t, v.Expected.Estimate, c.Relative)
	printed(t, v.Expected.SE, c.RelativeSE)
	printed(t, v.Expected.P, p)
	printed(t, v.Expected.CI[0], c.Relative-half)
	printed(t, v.Expected.CI[1], c.Relative+half)
}

type gbstatsAdjusted struct {
	N         int64
	Post, Pre [2]json.Number
	Products  json.Number `json:"post_pre_sum_of_products"`
}

func (a gbstatsAdjusted) joint(t *testing.T) Joint {
	sum := func(n json.Number) Int128 { return Int128{}.AddInt64(scaled(t, n, 2)) }
	product := func(n json.Number) Int192 { return Int192{}.AddInt64Product(scaled(t, n, 4), 1) }
	return Joint{
		N: a.N, S: []Int128{sum(a.Post[0]), sum(a.Pre[0])},
		P: []Int192{product(a.Post[1]), product(a.Products), product(a.Pre[1])},
	}
}

func TestGBStatsAdjustedMean(t *testing.T) {
	v := gbstats(t, "sequential_cuped_mean")
	var a, b gbstatsAdjusted
	require.NoError(t, json.Unmarshal(v.A, &a))
	require.NoError(t, json.Unmarshal(v.B, &b))
	c := Adjusted([]Joint{a.joint(t)}, []Joint{b.joint(t)}, [2]int{2, 2}, v.Alpha)
	near(t, v.Theta, c.Theta, 1e-12, "theta")
	near(t, v.Precise.Estimate, c.Relative, 1e-12, "relative")
	near(t, v.Precise.SE, c.RelativeSE, 1e-12, "se")
	printed(t, v.Expected.Estimate, c.Relative)
	printed(t, v.Expected.SE, c.RelativeSE)
}

// The source says of it: two identical arms, pre = [0.3 0.5 0.9 22], post = [2 1 5 3].
func TestGBStatsTheta(t *testing.T) {
	v := gbstats(t, "theta_0.01864")
	arm := jointOf([][]int64{{2, 3}, {1, 5}, {5, 9}, {3, 220}})
	printed(t, v.Expected.Theta, Adjusted([]Joint{arm}, []Joint{arm}, [2]int{0, 1}, 0.05).Theta)
}

func BenchmarkAdjusted(b *testing.B) {
	var c, t Joint
	for i := range int64(1000) {
		c.Include(i*i%9973, i%101)
		t.Include(i*i%9967, i%103)
	}
	b.ReportAllocs()
	for b.Loop() {
		Adjusted([]Joint{c}, []Joint{t}, [2]int{2, 2}, 0.05)
	}
}

func BenchmarkRatio(b *testing.B) {
	var c, t Joint
	for i := range int64(1000) {
		c.Include(i*i%9973, i%101)
		t.Include(i*i%9967, i%103)
	}
	b.ReportAllocs()
	for b.Loop() {
		Ratio([]Joint{c}, []Joint{t}, [2]int{2, 2}, 0.05)
	}
}

func BenchmarkJointInclude(b *testing.B) {
	var j Joint
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		j.Include(i, i+1)
	}
}
