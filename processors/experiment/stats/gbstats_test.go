package stats

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// gbstatsCase is one published case; cases of other kinds keep their arms undecoded.
type gbstatsCase struct {
	ID       string
	Alpha    float64
	Theta    float64
	A, B     json.RawMessage
	Expected struct {
		Estimate, SE, P float64
		CI              [2]float64
		Theta           float64
		Greater         struct{ Lower, P float64 } `json:"welch_greater"`
		Lesser          struct{ Upper, P float64 } `json:"welch_lesser"`
	}
	Precise struct {
		Estimate, SE, DOF, T, P float64
		CI                      [2]float64
	} `json:"hi_precision"`
}

// gbstatsArm is the sums of one arm: of means with two decimals, or of a conversion.
type gbstatsArm struct {
	N          int64
	Sum        json.Number
	SumSquares json.Number `json:"sum_squares"`
}

func TestGBStatsWelchAbsolute(t *testing.T) {
	v := gbstats(t, "two_sided_ttest_absolute")
	control, treatment := v.samples(t)
	c := Welch(control, treatment, v.Alpha)
	printed(t, v.Expected.Estimate, c.Difference)
	printed(t, v.Expected.SE, c.SE)
	printed(t, v.Expected.P, c.P)
	printed(t, v.Expected.CI[0], c.Interval[0])
	printed(t, v.Expected.CI[1], c.Interval[1])
	near(t, v.Precise.Estimate, c.Difference, 1e-12, "difference")
	near(t, v.Precise.SE, c.SE, 1e-12, "se")
	near(t, v.Precise.DOF, c.DF, 1e-12, "df")
	near(t, v.Precise.T, c.Statistic, 1e-12, "t")
	near(t, v.Precise.P, c.P, 1e-11, "p")
	nearPair(t, v.Precise.CI, c.Interval, 1e-11, "interval")
}

// The published test of the relative effect gives its own p; ours is that of the difference, so p is checked from its parts.
func TestGBStatsWelchRelative(t *testing.T) {
	v := gbstats(t, "two_sided_ttest_relative")
	control, treatment := v.samples(t)
	c := Welch(control, treatment, v.Alpha)
	se := math.Sqrt(relativeVariance(control.arm(), treatment.arm()))
	p := distribution.StudentP(c.Relative/se, c.DF)
	printed(t, v.Expected.Estimate, c.Relative)
	printed(t, v.Expected.SE, se)
	printed(t, v.Expected.P, p)
	printed(t, v.Expected.CI[0], c.RelativeInterval[0])
	printed(t, v.Expected.CI[1], c.RelativeInterval[1])
	near(t, v.Precise.Estimate, c.Relative, 1e-12, "relative")
	near(t, v.Precise.SE, se, 1e-12, "se")
	near(t, v.Precise.DOF, c.DF, 1e-12, "df")
	near(t, v.Precise.P, p, 1e-11, "p")
	nearPair(t, v.Precise.CI, c.RelativeInterval, 1e-10, "relative interval")
}

// A one-sided bound at alpha is one end of the two-sided interval at 2 alpha.
func TestGBStatsWelchOneSided(t *testing.T) {
	v := gbstats(t, "one_sided_absolute")
	control, treatment := v.samples(t)
	c := Welch(control, treatment, 2*v.Alpha)
	near(t, v.Expected.Estimate, c.Difference, 1e-12, "difference")
	near(t, v.Expected.SE, c.SE, 1e-12, "se")
	near(t, v.Expected.Greater.Lower, c.Interval[0], 1e-11, "lower")
	near(t, v.Expected.Lesser.Upper, c.Interval[1], 1e-11, "upper")
	near(t, v.Expected.Greater.P, c.P/2, 1e-11, "p greater")
	near(t, v.Expected.Lesser.P, 1-c.P/2, 1e-11, "p lesser")
}

// The sequential case of conversions shares the estimate and its delta-method error with the fixed horizon.
func TestGBStatsProportionsRelative(t *testing.T) {
	v := gbstats(t, "sequential_prop")
	control, treatment := v.arm(t, v.A).count(t), v.arm(t, v.B).count(t)
	c := Proportions(control, treatment, v.Alpha)
	printed(t, v.Expected.Estimate, c.Relative)
	near(t, v.Precise.Estimate, c.Relative, 1e-12, "relative")
	half := (c.RelativeInterval[1] - c.RelativeInterval[0]) / 2
	near(t, v.Precise.SE, half/distribution.NormalQuantile(v.Alpha), 1e-12, "se")
}

// gbstats finds a case by its id.
func gbstats(t *testing.T, id string) gbstatsCase {
	t.Helper()
	var file struct{ Cases []gbstatsCase }
	readJSON(t, reference(t, vectorsFolder, "gbstats_frequentist.json"), &file)
	for _, c := range file.Cases {
		if c.ID == id {
			return c
		}
	}
	require.FailNow(t, "no case "+id)
	return gbstatsCase{}
}

func (c gbstatsCase) arm(t *testing.T, raw json.RawMessage) (a gbstatsArm) {
	t.Helper()
	require.NoError(t, json.Unmarshal(raw, &a), c.ID)
	return a
}

func (c gbstatsCase) samples(t *testing.T) (control, treatment Sample) {
	return c.arm(t, c.A).sums(t).Sample(2), c.arm(t, c.B).sums(t).Sample(2)
}

func (a gbstatsArm) sums(t *testing.T) Sums {
	return Sums{
		N:  a.N,
		S:  Int128{}.AddInt64(scaled(t, a.Sum, 2)),
		SS: Int192{}.AddInt64Product(scaled(t, a.SumSquares, 4), 1),
	}
}

func (a gbstatsArm) count(t *testing.T) Count {
	return Count{N: a.N, X: scaled(t, a.Sum, 0)}
}

// printed requires agreement to the five decimals the source prints.
func printed(t *testing.T, want, got float64) {
	t.Helper()
	require.InDelta(t, want, got, 5.0001e-6)
}
