package stats

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// Each end R of Fieller's interval makes mT - R mC differ from zero by exactly z standard errors.
func TestFiellerEndsSolveTheirEquation(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c, tr := drawSample(r, "control"), drawSample(r, "treatment")
		c.N, tr.N = max(c.N, 1e4), max(tr.N, 1e4)
		interval, reason := Fieller([]Sample{c}, []Sample{tr}, 0.05)
		if c.Mean == 0 {
			require.Equal(t, ReasonControlMeanZero, reason)
			return
		}
		z := distribution.NormalQuantile(0.05)
		vC, vT := c.Variance/float64(c.N), tr.Variance/float64(tr.N)
		if c.Mean == 0 {
			require.Equal(t, ReasonControlMeanZero, reason)
			return
		}
		if g := z * z * vC / (c.Mean * c.Mean); g >= 1 {
			require.Equal(t, ReasonUnbounded, reason)
			require.Zero(t, interval)
			return
		} else if g > 0.99 {
			return // the ends are so far out that the check loses its digits
		}
		require.Empty(t, reason)
		require.LessOrEqual(t, interval[0], interval[1])
		for _, end := range interval {
			ratio := 1 + end
			if c.Mean < 0 {
				ratio = 1 - end
			}
			gap := (tr.Mean - ratio*c.Mean) / math.Sqrt(vT+ratio*ratio*vC)
			scale := (math.Abs(tr.Mean) + (2+math.Abs(ratio))*math.Abs(c.Mean)) / math.Sqrt(vT+ratio*ratio*vC)
			require.InDelta(t, z, math.Abs(gap), 1e-8+1e-13*scale)
		}
	})
}

func TestRelativeIntervalsAgreeWhereTheControlMeanIsSure(t *testing.T) {
	c, tr := Sample{N: 1e6, Mean: 10, Variance: 4}, Sample{N: 1e6, Mean: 10.1, Variance: 4}
	delta := Welch(c, tr, 0.05).RelativeInterval
	fieller, reason := Fieller([]Sample{c}, []Sample{tr}, 0.05)
	require.Empty(t, reason)
	log, reason := LogRatio([]Sample{c}, []Sample{tr}, 0.05)
	require.Empty(t, reason)
	for i := range delta {
		require.InDelta(t, delta[i], fieller[i], 1e-6)
		require.InDelta(t, delta[i], log[i], 1e-6)
	}
	mirrored, _ := Fieller([]Sample{{N: 1e6, Mean: -10, Variance: 4}}, []Sample{{N: 1e6, Mean: -10.1, Variance: 4}}, 0.05)
	nearPair(t, [2]float64{-fieller[1], -fieller[0]}, mirrored, 1e-12, "relative to |mean of control|")
}

func TestLogRatioByHand(t *testing.T) {
	got, reason := LogRatio([]Sample{{N: 100, Mean: 2, Variance: 4}}, []Sample{{N: 400, Mean: 1, Variance: 16}}, 0.05)
	require.Empty(t, reason)
	half := 1.9599639845400542 * math.Sqrt(0.04+0.01)
	nearPair(t, [2]float64{0.5*math.Exp(-half) - 1, 0.5*math.Exp(half) - 1}, got, 1e-14, "interval")

	strata, _ := LogRatio([]Sample{{N: 50, Mean: 2, Variance: 2}, {N: 50, Mean: 2, Variance: 6}}, []Sample{{N: 200, Mean: 1, Variance: 8}, {N: 200, Mean: 1, Variance: 24}}, 0.05)
	nearPair(t, got, strata, 1e-12, "two strata of equal weight")
}

func TestRelativeIntervalsNotAvailable(t *testing.T) {
	good := Sample{N: 10, Mean: 1, Variance: 1}
	for _, c := range []struct {
		control, treatment []Sample
		fieller, log       string
	}{
		{nil, nil, ReasonTooFewUnits, ReasonTooFewUnits},
		{[]Sample{{N: 1, Mean: 1}}, []Sample{good}, ReasonTooFewUnits, ReasonTooFewUnits},
		{[]Sample{{N: 10, Variance: 1}}, []Sample{good}, ReasonControlMeanZero, ReasonControlMeanZero},
		{[]Sample{{N: 10, Mean: 1}}, []Sample{{N: 10, Mean: 1}}, ReasonNoVariance, ReasonNoVariance},
		{[]Sample{{N: 10, Mean: 0.1, Variance: 1}}, []Sample{good}, ReasonUnbounded, ""},
		{[]Sample{{N: 10, Mean: -5, Variance: 1}}, []Sample{good}, "", ReasonNotPositive},
		{[]Sample{{N: 10, Mean: 5, Variance: 1}}, []Sample{{N: 10, Variance: 1}}, "", ReasonNotPositive},
	} {
		interval, reason := Fieller(c.control, c.treatment, 0.05)
		require.Equal(t, c.fieller, reason)
		require.Equal(t, reason == "", interval != [2]float64{})
		interval, reason = LogRatio(c.control, c.treatment, 0.05)
		require.Equal(t, c.log, reason)
		require.Equal(t, reason == "", interval != [2]float64{})
	}
}

// Newcombe's own table, to its four digits.
func TestNewcombe(t *testing.T) {
	for _, c := range []struct {
		treatment, control Count
		lower, upper       float64
	}{
		{Count{70, 56}, Count{80, 48}, 0.0524, 0.3339},
		{Count{10, 9}, Count{10, 3}, 0.1705, 0.8090},
		{Count{7, 6}, Count{7, 2}, 0.0582, 0.8062},
		{Count{56, 5}, Count{29, 0}, -0.0381, 0.1926},
		{Count{10, 0}, Count{20, 0}, -0.1611, 0.2775},
		{Count{10, 10}, Count{20, 0}, 0.6791, 1},
	} {
		got, reason := Newcombe(c.control, c.treatment, 0.05)
		require.Empty(t, reason)
		require.InDelta(t, c.lower, got[0], 5e-5)
		require.InDelta(t, c.upper, got[1], 5e-5)
	}
	for _, c := range [][2]Count{{{}, {N: 1}}, {{N: 1}, {}}} {
		_, reason := Newcombe(c[0], c[1], 0.05)
		require.Equal(t, ReasonTooFewUnits, reason)
	}
}

// Each end p of Wilson's interval lies z of its own standard errors from the rate.
func TestWilsonEndsSolveTheirEquation(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.Int64Range(1, 1e9).Draw(r, "n")
		c := Count{N: n, X: rapid.Int64Range(0, n).Draw(r, "x")}
		got, reason := Wilson(c, 0.05)
		require.Empty(t, reason)
		rate, _ := c.Mean()
		require.True(t, 0 <= got[0] && got[0] <= rate && rate <= got[1] && got[1] <= 1)
		z := distribution.NormalQuantile(0.05)
		for _, end := range got {
			gap := rate - end
			require.InDelta(t, gap*gap, z*z*end*(1-end)/float64(n), 1e-9*gap*gap+1e-17)
		}
	})
	got, _ := Wilson(Count{N: 10}, 0.05)
	require.Zero(t, got[0])
	all, _ := Wilson(Count{N: 10, X: 10}, 0.05)
	require.Equal(t, [2]float64{1 - got[1], 1}, all)
}

func TestCap(t *testing.T) {
	require.EqualValues(t, 7, Cap(0).Of(7))
	require.EqualValues(t, 5, Cap(5).Of(7))
	require.EqualValues(t, -7, Cap(5).Of(-7))
	var raw, capped Sums
	for _, v := range []int64{1, 9, 4} {
		raw.Include(v)
		capped.Include(Cap(5).Of(v))
	}
	capped.Replace(Cap(5).Of(9), Cap(5).Of(3))
	require.Equal(t, sumsOf(1, 3, 4), capped)
}

// Winsorised at a constant, public data give the published figures.
func TestCapOnPublicRows(t *testing.T) {
	rows := readRows(t, reference(t, dataFolder, "cookie_cats", "cookie_cats.csv.gz"))
	var file map[string]map[string]json.RawMessage
	readJSON(t, reference(t, dataFolder, "truth.json"), &file)
	for name, cap := range map[string]Cap{"sum_gamerounds_winsorised_at_500": 500, "sum_gamerounds_winsorised_at_1000": 1000} {
		var want truth
		require.NoError(t, json.Unmarshal(file["cookie_cats"][name], &want))
		arms := map[string]*Sums{"gate_30": {}, "gate_40": {}}
		for _, row := range rows[1:] {
			arms[strings.TrimSpace(row[1])].Include(cap.Of(scaled(t, json.Number(row[2]), 0)))
		}
		got := Welch(arms["gate_30"].Sample(0), arms["gate_40"].Sample(0), 0.05)
		near(t, want.Diff, got.Difference, 1e-11, name)
		near(t, want.SE, got.SE, 1e-12, name)
		near(t, want.P, got.P, 1e-10, name)
	}
}
