package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/replay/replaycases"
	"github.com/abacus-stream/abacus/codecs/result"
)

// requireJoint compares a ratio, or a mean that a covariate adjusts, with its known figures.
func requireJoint(t *testing.T, m result.Metric, truth replaycases.Truth, want replaycases.Figures) {
	t.Helper()
	c := m.Comparisons[truth.Treatment]
	require.Equal(t, truth.Method, c.Method)
	near(t, want.Diff, c.Difference, "difference")
	near(t, want.SE, c.SE, "se")
	near(t, want.P, c.P, "p")
	require.Equal(t, "asymptotic_sequence", c.MethodAlways)
	control, treatment := m.Variants[controlOf(t, m)], m.Variants[truth.Treatment]
	if truth.Method == replaycases.Ratio {
		near(t, want.Z, c.Statistic, "z")
		requireRatio(t, control, want.Control.Units, want.Control.Ratio, want.Control.VarRatio)
		requireRatio(t, treatment, want.Treatment.Units, want.Treatment.Ratio, want.Treatment.VarRatio)
		require.Zero(t, c.Theta, "no covariate")
		near(t, want.Diff/want.Control.Ratio, c.Relative, "relative")
		return
	}
	require.Equal(t, []int64{want.NC, want.NT}, []int64{*control.N, *treatment.N})
	near(t, want.T, c.Statistic, "t")
	near(t, want.DF, c.DF, "df")
	near(t, want.Theta, c.Theta, "theta")
	mean, _ := control.Mean.Float()
	near(t, want.Diff/mean, c.Relative, "relative to the mean that is not adjusted")
	reduced, ok := c.VarianceReduction.Float()
	require.True(t, ok)
	require.True(t, reduced > 0 && reduced < 1, reduced)
	requireWelchInterval(t, c)
}

// requireRatio compares one arm: the record has the variance by unit.
func requireRatio(t *testing.T, v result.Variant, units int64, ratio, variance float64) {
	t.Helper()
	require.Equal(t, units, *v.N)
	near(t, ratio, v.Mean, "ratio")
	near(t, variance*float64(units), v.Variance, "variance")
}
