package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/replay/replaycases"
	"github.com/abacus-stream/abacus/codecs/result"
)

// TestReplayKnownFigures: the real command gives the known figures of public data sets, through Kafka, both stages,
// the stats topic and the verification.
func TestReplayKnownFigures(t *testing.T) {
	folder := os.Getenv(replaycases.Folder)
	if folder == "" {
		t.Skipf("SKIPPED: %s names no folder of data sets, so replays are not compared with known figures", replaycases.Folder)
	}
	truths, err := replaycases.ReadTruths(folder)
	require.NoError(t, err)
	for _, c := range replaycases.Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			rec := replayed(t, filepath.Join(folder, c.File), c.Name, c.Args...)
			for _, truth := range c.Truths {
				want, err := truths.Figures(truth.Path)
				require.NoError(t, err)
				requireFigures(t, rec, truth, want)
			}
			requireSplit(t, rec)
			if path := knownSplits[c.Name]; path != nil {
				var want struct{ Chi2, P float64 }
				require.NoError(t, truths.Into(path, &want))
				near(t, want.Chi2, rec.Split.Chi2, "chi2")
				near(t, want.P, rec.Split.PChi2, "p of chi2")
			}
		})
	}
}

// knownSplits are the places of the split checks in truth.json, where all units of a case are in them.
var knownSplits = map[string][]string{
	"cookie-cats": {"cookie_cats", "srm_50_50"}, "homepage": {"audacity", "homepage", "srm"},
	"classroom": {"audacity", "classroom", "srm"}, "hillstrom": {"hillstrom", "srm_thirds"}, "artea": {"artea", "srm"},
	"adsmart": {"adsmart", "srm"}, "fast-food-stores": {"fast_food", "srm_locations"},
}

var verdictLine = regexp.MustCompile(`(?m)^verified: [1-9][0-9]* records, 0 differences\n\z`)

// replayed runs the command as a user would and returns the one record it prints.
func replayed(t *testing.T, file, experiment string, args ...string) *result.Record {
	t.Helper()
	args = append([]string{"replay", file, "--experiment", experiment, "--embedded", "--wait", "-o", "json"}, args...)
	got := run(t, newRootCommand(), args...)
	require.Equal(t, exitOK, got.code, got.err)
	require.Regexp(t, verdictLine, got.err)
	require.Equal(t, 1, strings.Count(got.out, "\n"), got.out)
	var rec *result.Record
	require.NoError(t, result.Codec.Parse([]byte(got.out), &rec))
	require.True(t, rec.Closed)
	require.Equal(t, experiment, rec.Experiment)
	dropped, told := rec.Dropped["late"]
	require.True(t, told)
	require.Zero(t, dropped, "late")
	return rec
}

// requireFigures compares one comparison with its known figures: counts and sums exactly, floats to 1e-9.
func requireFigures(t *testing.T, rec *result.Record, truth replaycases.Truth, want replaycases.Figures) {
	t.Helper()
	metric := rec.Metrics[truth.Metric]
	comparison, told := metric.Comparisons[truth.Treatment]
	require.True(t, told, truth)
	if truth.Method != "" {
		requireJoint(t, metric, truth, want)
		return
	}
	control := metric.Variants[controlOf(t, metric)]
	treatment := metric.Variants[truth.Treatment]
	require.Equal(t, []int64{want.NC, want.NT}, []int64{*control.N, *treatment.N}, truth)
	near(t, want.Diff, comparison.Difference, "difference")
	near(t, want.Rel, comparison.Relative, "relative")
	if want.XC != nil {
		requireShares(t, want, [2]result.Variant{control, treatment}, comparison)
		return
	}
	for _, one := range []struct {
		want float64
		got  result.Number
		what string
	}{
		{want.MeanC, control.Mean, "control's mean"}, {want.MeanT, treatment.Mean, "treatment's mean"},
		{want.VarC, control.Variance, "control's variance"}, {want.VarT, treatment.Variance, "treatment's variance"},
		{want.SE, comparison.SE, "se"}, {want.T, comparison.Statistic, "t"}, {want.DF, comparison.DF, "df"}, {want.P, comparison.P, "p"},
	} {
		near(t, one.want, one.got, one.what)
	}
	require.Equal(t, "welch", comparison.Method)
	requireSum(t, want.MeanC, control)
	requireSum(t, want.MeanT, treatment)
	requireWelchInterval(t, comparison)
}

// requireShares compares a conversion: p by the pooled test, the interval by Wald.
func requireShares(t *testing.T, want replaycases.Figures, got [2]result.Variant, c result.Comparison) {
	t.Helper()
	require.Equal(t, "z_pooled", c.Method)
	require.Equal(t, []string{jsonOf(*want.XC), jsonOf(*want.XT)}, []string{got[0].Sum, got[1].Sum})
	near(t, want.PC, got[0].Mean, "control's share")
	near(t, want.PT, got[1].Mean, "treatment's share")
	near(t, want.SEPooled, c.SEPooled, "pooled se")
	near(t, want.ZPooled, c.Statistic, "z")
	near(t, want.PPooled, c.P, "p")
	near(t, want.SEWald, c.SE, "Wald se")
	near(t, want.CI95[0], c.Interval[0], "lower bound")
	near(t, want.CI95[1], c.Interval[1], "upper bound")
	_, told := c.DF.Float()
	require.False(t, told, "df of z")
}

// near compares to 1e-9 of want.
func near(t *testing.T, want float64, got result.Number, what string) {
	t.Helper()
	x, ok := got.Float()
	require.True(t, ok, "%s is not available", what)
	require.LessOrEqual(t, math.Abs(x-want), 1e-9*math.Abs(want), "%s: want %g, got %g", what, want, x)
}

func controlOf(t *testing.T, m result.Metric) string {
	t.Helper()
	for name := range m.Variants {
		if _, compared := m.Comparisons[name]; !compared {
			return name
		}
	}
	require.Fail(t, "no variant is the control")
	return ""
}

func jsonOf(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}
