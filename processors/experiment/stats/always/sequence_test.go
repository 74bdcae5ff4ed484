package always

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// gaussian is a comparison with these figures alone.
func gaussian(estimate, se float64, n int64) stats.Comparison {
	return stats.Comparison{N: n, Difference: estimate, SE: se, Relative: estimate, RelativeSE: se}
}

type published struct {
	ID       string
	Alpha    float64
	Planned  int64 `json:"sequential_tuning_parameter"`
	A, B     struct{ N, Sum float64 }
	Expected struct {
		Estimate, SE, P float64
		CI              [2]float64
		Greater         struct{ Lower, P float64 } `json:"seq_greater"`
		Lesser          struct{ Upper, P float64 } `json:"seq_lesser"`
	}
	Precise struct{ Estimate, SE, Rho, Halfwidth, P float64 } `json:"hi_precision"`
}

// Cases of the asymptotic sequence of which the source gives the error to all digits.
func TestPublishedSequences(t *testing.T) {
	for _, name := range []string{"sequential_prop", "sequential_cuped_mean"} {
		v := publishedCase(t, name)
		n := int64(v.A.N + v.B.N)
		s := Sequence{PlannedUnits: v.Planned}
		near(t, v.Precise.Rho, math.Sqrt(rhoSquared(v.Planned, v.Alpha)), 1e-12, "rho")
		interval, reason := s.RelativeInterval(gaussian(v.Precise.Estimate, v.Precise.SE, n), v.Alpha)
		require.Empty(t, reason)
		near(t, v.Precise.Halfwidth, (interval[1]-interval[0])/2, 1e-12, "half width")
		logE, reason := s.LogE(gaussian(v.Precise.Estimate, v.Precise.SE, n))
		require.Empty(t, reason)
		near(t, v.Precise.P, math.Exp(-max(logE, 0)), 1e-11, "p")
		require.InDelta(t, v.Expected.CI[0], interval[0], 5.0001e-6)
		require.InDelta(t, v.Expected.CI[1], interval[1], 5.0001e-6)
		require.InDelta(t, v.Expected.P, math.Exp(-max(logE, 0)), 5.0001e-6)
	}
}

// Few units: the source has the normal form there, ours is Student's, wider.
func TestPublishedSequenceOfFewUnits(t *testing.T) {
	v := publishedCase(t, "cuped_ratio_sequential")
	arms := publishedCase(t, "cuped_ratio_relative") // whose arms and figures it names
	estimate, se, n := arms.Precise.Estimate, arms.Precise.SE, int64(arms.A.N+arms.B.N)
	r := float64(n) * rhoSquared(v.Planned, v.Alpha)
	normal := math.Sqrt((1 + 1/r) * (math.Log1p(r) - 2*math.Log(v.Alpha)))
	near(t, v.Precise.Halfwidth, normal*se, 1e-10, "half width")
	z, ok := twoSidedZ(studentBelow, r, v.Alpha)
	require.True(t, ok)
	require.Equal(t, normal, z)
	require.InDelta(t, v.Expected.CI[0], estimate-z*se, 5.0001e-6)
	require.InDelta(t, v.Expected.CI[1], estimate+z*se, 5.0001e-6)
	require.InDelta(t, v.Expected.SE, se, 5.0001e-6)
	require.Equal(t, v.Expected.P, math.Exp(-max(0, logE2(estimate/se*estimate/se, studentBelow, r))))
	student, ok := twoSidedZ(n, r, v.Alpha)
	require.True(t, ok)
	require.Greater(t, student, normal)
	require.Less(t, student, 1.3*normal)
}

// The source tunes one-sided bounds at twice alpha, and finds p by halving [1e-5, 0.4999] twelve times.
func TestPublishedOneSidedBounds(t *testing.T) {
	v := publishedCase(t, "one_sided_absolute")
	r := (v.A.N + v.B.N) * rhoSquared(v.Planned, 2*v.Alpha)
	half := oneSidedZ(r, v.Alpha) * v.Expected.SE
	near(t, v.Expected.Greater.Lower, v.Expected.Estimate-half, 1e-11, "lower")
	near(t, v.Expected.Lesser.Upper, v.Expected.Estimate+half, 1e-11, "upper")
	const halving = 0.49989 / (1 << 12)
	z := v.Expected.Estimate / v.Expected.SE
	require.Less(t, oneSidedZ(r, v.Expected.Greater.P+halving), z)
	require.Greater(t, oneSidedZ(r, v.Expected.Greater.P-halving), z)
	require.Equal(t, 0.4999, v.Expected.Lesser.P, "no evidence: the end of the search")
}

func publishedCase(t *testing.T, id string) published {
	t.Helper()
	var raw struct{ Cases []map[string]any }
	vectors(t, "gbstats_frequentist.json", &raw)
	for i, c := range raw.Cases {
		if c["id"] != id {
			continue
		}
		if _, named := c["a"].(string); named { // "as another case": left undecoded
			delete(c, "a")
			delete(c, "b")
		}
		return decode(t, raw.Cases[i])
	}
	require.FailNow(t, "no case "+id)
	return published{}
}

func TestIntervalEndsAreWhereTheEvidenceIsOneOverAlpha(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Sequence{PlannedUnits: rapid.Int64Range(0, 1e6).Draw(t, "planned")}
		n := rapid.Int64Range(3, 1e7).Draw(t, "n")
		estimate, se := rapid.Float64Range(-10, 10).Draw(t, "estimate"), rapid.Float64Range(1e-3, 1).Draw(t, "se")
		alpha := rapid.Float64Range(1e-6, 0.5).Draw(t, "alpha")
		interval, reason := s.Interval(gaussian(estimate, se, n), alpha)
		if reason != "" {
			require.Equal(t, stats.ReasonUnbounded, reason)
			require.Less(t, n, int64(studentBelow))
			return
		}
		for _, end := range interval {
			logE, reason := s.LogE(gaussian(estimate-end, se, n))
			require.Empty(t, reason)
			require.InDelta(t, -math.Log(alpha), logE, 1e-6*(1+math.Abs(logE)))
		}
		bounds, reason := s.Bounds(gaussian(estimate, se, n), alpha)
		require.Empty(t, reason)
		above := oneSidedLogE((estimate-bounds[0])/se, s.r(n))
		require.GreaterOrEqual(t, above, -math.Log(alpha)-1e-6, "the bound is never inside")
		require.Less(t, above, -math.Log(alpha)+1)
	})
}

// Both forms in 60 digits.
func TestLogEAgainstBigFloats(t *testing.T) {
	for _, c := range []struct {
		estimate, se float64
		n            int64
	}{{0.1, 0.05, 20_000}, {0.3, 0.05, 1_000_000}, {0.0001, 0.05, 1500}, {0.1, 0.05, 400}, {0.02, 0.05, 40}} {
		s := Sequence{PlannedUnits: 10_000}
		got, reason := s.LogE(gaussian(c.estimate, c.se, c.n))
		require.Empty(t, reason)
		want, _ := bigLogE(c.estimate, c.se, c.n, 10_000).Float64()
		near(t, want, got, 1e-12, "log e")
	}
}

func bigLogE(estimate, se float64, n, planned int64) *big.Float {
	z := quo(num(estimate), num(se))
	square := mul(z, z)
	log := mul(num(-2), bigLog(num(plannedAlpha)))
	r := quo(mul(num(float64(n)), add(log, bigLog(add(num(1), log)))), num(float64(planned)))
	grown := add(num(1), r)
	half := quo(bigLog(grown), num(2))
	if n >= studentBelow {
		return sub(quo(mul(square, r), mul(num(2), grown)), half)
	}
	df := num(float64(n - 2))
	u := quo(square, df)
	gain := sub(bigLog(add(num(1), u)), bigLog(add(num(1), quo(u, grown))))
	return sub(mul(quo(num(float64(n-1)), num(2)), gain), half)
}

// Student's form meets the normal one as units grow, from below: it never gives more evidence.
func TestStudentMeetsNormal(t *testing.T) {
	for _, z := range []float64{0, 1, 3, 6} {
		for _, r := range []float64{0.01, 1, 100} {
			normal := z*z*r/(2*(1+r)) - math.Log1p(r)/2
			require.InDelta(t, normal, studentLogE(z*z, 1e9, r), 1e-5)
			require.LessOrEqual(t, studentLogE(z*z, 998, r), normal+1e-3)
		}
	}
}

func TestOneSidedEvidence(t *testing.T) {
	s := Sequence{PlannedUnits: 10_000}
	arm := func(mean float64) stats.Sample { return stats.Sample{N: 10_000, Mean: mean, Variance: 100} }
	worse := stats.Welch(arm(10), arm(9.3), 0.05)
	below, reason := s.LogEBelow(worse, -0.01)
	require.Empty(t, reason)
	require.Greater(t, below, 3.0)
	above, reason := s.LogEAbove(worse, -0.01)
	require.Empty(t, reason)
	require.Less(t, above, 0.0)
	two, _ := s.LogE(worse)
	one, _ := s.LogEBelow(worse, 0)
	require.InDelta(t, two+math.Ln2, one, 1e-3, "far out, one side has all the evidence")
	far, reason := s.LogEAbove(stats.Welch(arm(1e12), arm(1), 0.05), 0)
	require.Empty(t, reason)
	require.False(t, math.IsInf(far, 0) || math.IsNaN(far))
	near(t, logMills(millsFrom+1e-9), logMills(millsFrom-1e-9), 1e-10, "no seam")
}

func TestSequenceWithoutFigures(t *testing.T) {
	s := Sequence{}
	few := stats.Welch(stats.Sample{N: 1}, stats.Sample{N: 5}, 0.05)
	zero := stats.Welch(stats.Sample{N: 5, Variance: 1}, stats.Sample{N: 5, Variance: 1}, 0.05)
	for _, c := range []struct {
		c        stats.Comparison
		absolute string
		relative string
	}{
		{few, stats.ReasonTooFewUnits, stats.ReasonTooFewUnits},
		{zero, "", stats.ReasonControlMeanZero},
		{stats.Comparison{}, stats.ReasonNoVariance, stats.ReasonNoVariance},
		{gaussian(1, math.Inf(1), 5), stats.ReasonNoVariance, stats.ReasonNoVariance},
	} {
		logE, reason := s.LogE(c.c)
		require.Equal(t, c.absolute, reason)
		require.False(t, math.IsNaN(logE) || math.IsInf(logE, 0))
		_, reason = s.LogEBelow(c.c, 0)
		require.NotEmpty(t, reason)
		_, reason = s.LogEAbove(c.c, 0)
		require.NotEmpty(t, reason)
		interval, reason := s.RelativeInterval(c.c, 0.05)
		require.Equal(t, c.relative, reason)
		require.Zero(t, interval)
		bounds, reason := s.Bounds(c.c, 0.05)
		require.Equal(t, c.absolute, reason)
		require.Equal(t, reason == "", bounds != [2]float64{})
		_, reason = s.Interval(c.c, 0.05)
		require.NotEmpty(t, reason, "ten units have no interval yet")
	}
}
