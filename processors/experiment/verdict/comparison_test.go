package verdict_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/always"
	"github.com/abacus-stream/abacus/processors/experiment/verdict"
)

var (
	none = [2]float64{math.NaN(), math.NaN()}
	up   = verdict.Comparison{P: 0.01, Alpha: 0.05, Effect: 0.051, Interval: [2]float64{0.0202, 0.123}, Decides: [2]float64{1, 2}}
	down = verdict.Comparison{P: 0.05, Alpha: 0.05, Effect: -0.0004, Interval: [2]float64{-0.0007, -0.0001}, Decides: [2]float64{-2, -1}}
	even = verdict.Comparison{P: 0.051, Alone: 0.051, Alpha: 0.05, Effect: 0.02, Interval: [2]float64{-0.012, 0.05}, Decides: [2]float64{-1, 2}}
)

// with changes a comparison.
func with(c verdict.Comparison, change func(*verdict.Comparison)) verdict.Comparison {
	change(&c)
	return c
}

func TestComparison(t *testing.T) {
	type comparison = verdict.Comparison
	for _, c := range []struct {
		comparison
		verdict, reason string
	}{
		{up, verdict.Better, "5.1 % higher than control (2.0 % to 12 %), and higher is better."},
		{with(up, func(c *comparison) { c.Decrease = true }), verdict.Worse, "5.1 % higher than control (2.0 % to 12 %), and lower is better."},
		{down, verdict.Worse, "0.04 % lower than control (0.01 % to 0.07 %), and higher is better."},
		{with(down, func(c *comparison) { c.Decrease = true }), verdict.Better, "0.04 % lower than control (0.01 % to 0.07 %), and lower is better."},
		{even, verdict.NoDifference, "The difference may be chance: it is between -1.2 % and +5.0 %."},
		{with(even, func(c *comparison) { c.Interval = none }), verdict.NoDifference, "The difference may be chance."},

		{
			with(even, func(c *comparison) { c.Alone, c.Interval = 0.02, [2]float64{0.001, 0.05} }), verdict.NoDifference,
			"Among so many tests the difference may be chance: it is between +0.1 % and +5.0 %.",
		},

		// The interval of the quotient is wider than that of the difference, and may be without an end.
		{
			with(up, func(c *comparison) { c.Interval[0] = -0.037 }), verdict.Better,
			"5.1 % higher than control (a difference of 1 to 2), and higher is better.",
		},
		{
			with(up, func(c *comparison) {
				c.Effect, c.Interval, c.Decides = math.NaN(), [2]float64{10.2, math.Inf(1)}, [2]float64{10.2, math.Inf(1)}
			}),
			verdict.Better, "At least 1020 % higher than control, and higher is better.",
		},
		{with(even, func(c *comparison) { c.Interval[1] = math.Inf(1) }), verdict.NoDifference, "The difference may be chance: it is above -1.2 %."},

		// A secondary metric warns, and never praises.
		{with(up, func(c *comparison) { c.Secondary = true }), verdict.Collecting, "5.1 % higher than control (2.0 % to 12 %), but this is a secondary metric: it decides nothing."},
		{with(down, func(c *comparison) { c.Secondary = true }), verdict.Worse, "0.04 % lower than control (0.01 % to 0.07 %), and higher is better."},

		// Without a relative effect, such as with a control mean of 0.
		{
			with(up, func(c *comparison) {
				c.Effect, c.Interval, c.Words = math.NaN(), none, []string{stats.ReasonControlMeanZero}
			}),
			verdict.Better, "Higher than control, and higher is better (control_mean_zero).",
		},
		{with(down, func(c *comparison) { c.Interval = none }), verdict.Worse, "0.04 % lower than control, and higher is better."},

		// Nothing is better or worse where results cannot be relied on.
		{with(up, func(c *comparison) { c.Split = verdict.BrokenSplit }), verdict.BrokenSplit, "Units do not come to the variants as the weights say: no result counts before that is repaired."},
		{with(down, func(c *comparison) { c.Split = verdict.BrokenAssignment }), verdict.BrokenAssignment, "Too many units were seen in several variants: no result counts before that is repaired."},
		{with(even, func(c *comparison) { c.Split = verdict.BrokenSplit; c.P = math.NaN() }), verdict.BrokenSplit, ""},
		{with(up, func(c *comparison) { c.Corrected = true }), verdict.Collecting, "More than 1 % of the results changed after they had counted: no result is to be relied on (post_maturity_corrections)."},
		{with(even, func(c *comparison) { c.Corrected = true }), verdict.Collecting, "More than 1 %"},

		// Evidence without a side.
		{with(up, func(c *comparison) { c.Decides = [2]float64{-1, 1} }), verdict.Collecting, "There is a difference, but too few results to say how large it is."},
		{with(up, func(c *comparison) { c.Decides, c.Missing = none, always.ReasonEpochsDisagree }), verdict.Collecting, "no one effect fits"},
	} {
		got, reason := c.Judge()
		require.Equal(t, c.verdict, got, "%+v", c.comparison)
		require.Contains(t, reason, c.reason)
	}
}

func TestWhatAComparisonWaitsFor(t *testing.T) {
	for missing, want := range map[string]string{
		stats.ReasonTooFewUnits:    "Too few units have matured: a unit counts when its time for results has passed (too_few_units).",
		always.ReasonTooFewNonZero: "Too few units have a result yet to judge by (too_few_nonzero_units).",
		stats.ReasonNoVariance:     "All units have the same result so far (no_variance).",
		"anything":                 "Not to be judged yet (anything).",
	} {
		c := verdict.Comparison{P: math.NaN(), Alpha: 0.05, Decides: none, Interval: none, Effect: math.NaN(), Missing: missing, Words: []string{missing}}
		got, reason := c.Judge()
		require.Equal(t, verdict.Collecting, got)
		require.Equal(t, want, reason)
	}
	few := verdict.Comparison{P: 1, Alpha: 0.05, Decides: none, Interval: none, Missing: stats.ReasonUnbounded}
	got, reason := few.Judge()
	require.Equal(t, verdict.Collecting, got, "hardly a conversion says nothing")
	require.Equal(t, "Too few units have a result yet to judge by.", reason)
}
