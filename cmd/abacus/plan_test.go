package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlanText(t *testing.T) {
	t.Chdir(t.TempDir())
	got := run(t, newRootCommand(), "plan", "--baseline", "0.05", "--mde", "0.03")
	require.Equal(t, exitOK, got.code, got.err)
	require.Equal(t, `rate 0.05 -> 0.0515 (+3 %), power 0.8, alpha 0.05

                           control   treatment       total   days
     one look at the end   336,102     336,102     672,204      -
   always valid, at most   881,213     881,213   1,762,426      -

In the definition: decision: {planned_units: 1762426}
(control and the rarest treatment; the table rounds each variant up to its weight)
`, got.out)

	got = run(t, newRootCommand(), "plan", "--mean", "12.4", "--sd", "31", "--mde", "-0.02", "--weights", "2,1,1", "--primary-metrics", "2", "--units-per-day", "50000", "--window", "36h")
	require.Equal(t, exitOK, got.code, got.err)
	require.Contains(t, got.out, "mean 12.4 -> 12.152, sd 31 (-2 %), power 0.8, alpha 0.05 over 4 comparisons")
	require.Contains(t, got.out, "treatment 1   treatment 2")
	require.Contains(t, got.out, ".5\n", "whole days, and the window after the last unit")
}

func TestPlanJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	got := run(t, newRootCommand(), "plan", "--baseline", "0.05", "--mde", "0.03", "--weights", "90,10", "--units-per-day", "40000", "--window", "7d", "-o", "json")
	require.Equal(t, exitOK, got.code, got.err)
	var answer planned
	require.NoError(t, json.Unmarshal([]byte(got.out), &answer))
	require.Equal(t, []float64{0.9, 0.1}, answer.Weights)
	require.Equal(t, 1, answer.Comparisons)
	require.InEpsilon(t, 9, float64(answer.FixedHorizon.Units[0])/float64(answer.FixedHorizon.Units[1]), 1e-4)
	require.Equal(t, answer.FixedHorizon.Units[0]+answer.FixedHorizon.Units[1], answer.FixedHorizon.Total)
	require.Equal(t, 54.0, *answer.FixedHorizon.Days)
	require.Greater(t, *answer.AlwaysValid.Days, *answer.FixedHorizon.Days)
	require.Nil(t, answer.Mean)

	got = run(t, newRootCommand(), "plan", "--mean", "1", "--sd", "2", "--mde", "0.1", "-o", "json")
	require.Contains(t, got.out, `"days":null`)
	require.NotContains(t, got.out, "baseline")
}

func TestPlanUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "either --baseline"},
		{[]string{"--baseline", "0.1", "--mean", "1", "--sd", "1"}, "either --baseline"},
		{[]string{"--mean", "1", "--mde", "0.1"}, "--mean and --sd go together"},
		{[]string{"--baseline", "0.1"}, "--mde is missing"},
		{[]string{"--baseline", "5", "--mde", "0.1"}, "two different rates"},
		{[]string{"--mean", "0", "--sd", "1", "--mde", "0.1"}, "want an sd above 0 and an effect"},
		{[]string{"--baseline", "0.1", "--mde", "0.1", "--alpha", "0"}, "neither may be 0"},
		{[]string{"--baseline", "0.1", "--mde", "0.1", "--power", "1.5"}, "power 1.5"},
		{[]string{"--baseline", "0.1", "--mde", "0.1", "--weights", "1"}, "at least one treatment"},
		{[]string{"--baseline", "0.1", "--mde", "0.1", "--weights", "1,0"}, "is no weight"},
		{[]string{"--baseline", "0.1", "--mde", "0.1", "--primary-metrics", "0"}, "--primary-metrics"},
		{[]string{"--baseline", "0.1", "--mde", "0.1", "--units-per-day", "-3"}, "--units-per-day"},
		{[]string{"--baseline", "0.1", "--mde", "0.1", "--units-per-day", "0.001"}, "hundred years"},
		{[]string{"--baseline", "0.1", "--mde", "0.1", "--window", "unlimited"}, "--window"},
		{[]string{"--baseline", "0.1", "--mde", "0.1", "extra"}, "takes no arguments"},
	} {
		got := run(t, newRootCommand(), append([]string{"plan"}, c.args...)...)
		require.Equal(t, exitUsage, got.code, c.args)
		require.Contains(t, got.err, c.want)
		require.Empty(t, got.out)
	}
}
