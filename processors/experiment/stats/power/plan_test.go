package power

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/always"
	"github.com/abacus-stream/abacus/processors/experiment/stats/distribution"
)

// The examples of R's power.prop.test and power.t.test, whose t makes its means need one unit more.
func TestPublishedSizes(t *testing.T) {
	u, err := Plan{Power: 0.9}.Rates(0.5, 0.5)
	require.NoError(t, err)
	require.Equal(t, Units{77, 77}, u, "76.7 in R")
	u, err = Plan{Power: 0.9}.Means(1, 1, 1)
	require.NoError(t, err)
	require.Equal(t, Units{22, 22}, u, "22.02 with t in R, 21.01 with z")
}

func TestUnitsByHand(t *testing.T) {
	u, err := Plan{}.Rates(0.05, 0.03)
	require.NoError(t, err)
	const m = 0.05075
	root := 1.9599639845400542*math.Sqrt(4*m*(1-m)) + 0.8416212335729143*math.Sqrt(2*(0.05*0.95+0.0515*0.9485))
	require.EqualValues(t, math.Ceil(root*root/(0.0015*0.0015)/2), u.Control)
	require.Equal(t, u.Control, u.Treatment)
	require.Equal(t, 2*u.Control, u.Both())

	uneven, err := Plan{Share: 0.1}.Rates(0.05, 0.03)
	require.NoError(t, err)
	require.InEpsilon(t, 9, float64(uneven.Control)/float64(uneven.Treatment), 1e-4)
	require.Greater(t, uneven.Both(), 2*u.Both())
}

// With as many units as planned the test finds the effect with the power asked for, and no more than planned.
func TestTheUnitsGiveThePower(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Plan{
			Alpha: rapid.Float64Range(0.001, 0.2).Draw(t, "alpha"), Power: rapid.Float64Range(0.5, 0.99).Draw(t, "power"),
			Share: rapid.Float64Range(0.05, 0.95).Draw(t, "share"),
		}
		sd, lift := rapid.Float64Range(0.1, 10).Draw(t, "sd"), rapid.Float64Range(-0.5, 0.5).Draw(t, "lift")
		if math.Abs(lift) < 0.001 {
			lift = 0.01
		}
		u, err := p.Means(2, sd, lift)
		require.NoError(t, err)
		found := func(u Units) float64 {
			se := sd * math.Sqrt(1/float64(u.Control)+1/float64(u.Treatment))
			return distribution.NormalUpper(distribution.NormalQuantile(p.Alpha) - math.Abs(2*lift)/se)
		}
		require.GreaterOrEqual(t, found(u), p.Power-1e-9)
		if u.Control > 2 && u.Treatment > 2 {
			require.Less(t, found(Units{u.Control - 1, u.Treatment - 1}), p.Power)
		}
	})
}

// At the units of an always-valid plan the interval of the sequence tuned to them is as wide as the plan took it to be.
func TestAlwaysValidIsThatOfTheSequence(t *testing.T) {
	p := Plan{AlwaysValid: true}
	fixed, err := Plan{}.Means(10, 30, 0.05)
	require.NoError(t, err)
	u, err := p.Means(10, 30, 0.05)
	require.NoError(t, err)
	require.InEpsilon(t, 1.91, float64(u.Both())/float64(fixed.Both()), 0.01)
	c := stats.Welch(stats.Sample{N: u.Control, Mean: 10, Variance: 900}, stats.Sample{N: u.Treatment, Mean: 10.5, Variance: 900}, 0.05)
	interval, reason := always.Sequence{PlannedUnits: u.Both()}.Interval(c, 0.05)
	require.Empty(t, reason)
	require.InEpsilon(t, 3.035, (interval[1]-interval[0])/2/c.SE, 1e-3)
	require.InDelta(t, 0.8416, interval[0]/c.SE, 1e-3, "the power's quantile is left above zero")
}

func TestFaults(t *testing.T) {
	_, err := Plan{Alpha: 0.7, Power: 1, Share: -1}.Rates(0.1, 0.1)
	require.ErrorContains(t, err, "alpha 0.7")
	require.ErrorContains(t, err, "power 1")
	require.ErrorContains(t, err, "share -1")
	_, err = Plan{Alpha: math.NaN()}.Means(1, 1, 1)
	require.Error(t, err)
	for _, c := range [][2]float64{{0, 0.1}, {1, 0.1}, {0.5, 0}, {0.5, 1}, {0.5, -1}, {math.NaN(), 1}, {0.5, math.NaN()}} {
		_, err := Plan{}.Rates(c[0], c[1])
		require.ErrorContains(t, err, "two different rates")
	}
	for _, c := range [][3]float64{{0, 1, 1}, {1, 0, 1}, {1, 1, 0}, {1, math.Inf(1), 1}, {math.Inf(1), 1, 1}} {
		_, err := Plan{}.Means(c[0], c[1], c[2])
		require.ErrorContains(t, err, "want an sd")
	}
	_, err = Plan{}.Rates(0.5, 1e-9)
	require.ErrorContains(t, err, "more than anyone has")
}

func TestDuration(t *testing.T) {
	d, err := Duration(10_001, 1000, 7*24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, 18*24*time.Hour, d)
	for _, perDay := range []float64{0, -1, math.NaN(), 1e-9} {
		_, err := Duration(10, perDay, 0)
		require.ErrorContains(t, err, "a day")
	}
}
