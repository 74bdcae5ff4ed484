package replay

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/replay/replaycases"
)

// planOf reads flags as the command does.
func planOf(t *testing.T, file, name string, args ...string) (*Plan, error) {
	t.Helper()
	cfg := Config{File: file, Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()}
	flags := pflag.NewFlagSet("replay", pflag.ContinueOnError)
	cfg.Bind(flags)
	require.NoError(t, flags.Parse(append([]string{"--experiment", name}, args...)))
	return New(cfg)
}

// TestKnownFigures: counts, means and variances of the events alone are those of the data sets.
func TestKnownFigures(t *testing.T) {
	folder := os.Getenv(replaycases.Folder)
	if folder == "" {
		t.Skipf("SKIPPED: %s names no folder of data sets, so known figures are not compared", replaycases.Folder)
	}
	truths, err := replaycases.ReadTruths(folder)
	require.NoError(t, err)
	for _, c := range replaycases.Cases {
		t.Run(c.Name, func(t *testing.T) {
			plan, err := planOf(t, filepath.Join(folder, c.File), c.Name, c.Args...)
			require.NoError(t, err)
			counted := newTally(t, plan)
			counted.feed(plan)
			for _, truth := range c.Truths {
				if truth.Method != "" {
					continue // not of events alone
				}
				want, err := truths.Figures(truth.Path)
				require.NoError(t, err)
				compareFigures(t, counted, truth, want)
			}
		})
	}
}

func compareFigures(t *testing.T, counted *tally, truth replaycases.Truth, want replaycases.Figures) {
	t.Helper()
	n, x, mean, variance := counted.moments(truth.Metric, counted.plan.Definition.Control)
	nT, xT, meanT, varianceT := counted.moments(truth.Metric, truth.Treatment)
	require.Equal(t, want.NC, n, truth)
	require.Equal(t, want.NT, nT, truth)
	if want.XC != nil {
		require.Equal(t, *want.XC, x, truth)
		require.Equal(t, *want.XT, xT, truth)
		return
	}
	require.InEpsilon(t, want.MeanC, mean, 1e-12, truth)
	require.InEpsilon(t, want.MeanT, meanT, 1e-12, truth)
	require.InEpsilon(t, want.VarC, variance, 1e-9, truth)
	require.InEpsilon(t, want.VarT, varianceT, 1e-9, truth)
}

// TestAudacityLateness: what the survey finds in a file with late rows.
func TestAudacityLateness(t *testing.T) {
	folder := os.Getenv(replaycases.Folder)
	if folder == "" {
		t.Skipf("SKIPPED: %s names no folder of data sets", replaycases.Folder)
	}
	plan, err := planOf(t, filepath.Join(folder, "audacity/course_page_actions.csv"), "course", "--unit", "id",
		"--variant", "group", "--control", "control", "--time", "timestamp", "--metric", "n=count:action=view")
	require.NoError(t, err)
	require.InDelta(t, 14010.778, plan.Lateness.Seconds(), 0.002)
	require.GreaterOrEqual(t, int64(plan.Definition.Grace), plan.Lateness.Milliseconds()+5000)
}

// TestAllBlankRow: the last line of adsmart is a bad row, unless it is skipped or not chosen.
func TestAllBlankRow(t *testing.T) {
	folder := os.Getenv(replaycases.Folder)
	if folder == "" {
		t.Skipf("SKIPPED: %s names no folder of data sets", replaycases.Folder)
	}
	args := []string{"--unit", "auction_id", "--variant", "experiment", "--control", "control", "--metric", "yes=conversion:yes"}
	_, err := planOf(t, filepath.Join(folder, "adsmart/AdSmartABdata.csv"), "adsmart", args...)
	var bad *BadRowsError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, 1, bad.Count)
	require.Equal(t, []BadRow{{Line: 8079, Reason: "experiment (the variant) is blank"}}, bad.First)
	plan, err := planOf(t, filepath.Join(folder, "adsmart/AdSmartABdata.csv"), "adsmart", append(args, "--where", "experiment!=")...)
	require.NoError(t, err)
	require.Equal(t, 8077, plan.Rows)
	require.Equal(t, 1, plan.Unchosen)
}
