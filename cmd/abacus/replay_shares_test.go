package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/replay/replaycases"
	"github.com/abacus-stream/abacus/codecs/result"
)

// TestReplayKnownShares: the real command gives the known figures of aggregated files, without the metric of page views,
// which stand for too many units for a test.
func TestReplayKnownShares(t *testing.T) {
	folder := os.Getenv(replaycases.Folder)
	if folder == "" {
		t.Skipf("SKIPPED: %s names no folder of data sets, so replays of shares are not compared with known figures", replaycases.Folder)
	}
	truths, err := replaycases.ReadTruths(folder)
	require.NoError(t, err)
	for _, c := range replaycases.Shares {
		args := []string{"replay", "--experiment", c.Name, "--embedded", "--wait", "-o", "json"}
		for _, file := range c.Files {
			args = append(args, file.Variant+"="+filepath.Join(folder, file.File))
		}
		for _, metric := range c.Metrics[:3] {
			args = append(args, "--metric", metric)
		}
		got := run(t, newRootCommand(), args...)
		require.Equal(t, exitOK, got.code, got.err)
		require.Regexp(t, verdictLine, got.err)
		records := map[string]*result.Record{}
		for _, line := range strings.Split(strings.TrimSpace(got.out), "\n") {
			var rec *result.Record
			require.NoError(t, result.Codec.Parse([]byte(line), &rec))
			requireSplit(t, rec)
			for metric := range rec.Metrics {
				records[metric] = rec
			}
		}
		require.Same(t, records["gross"], records["net"], "they share their units")
		require.Equal(t, "ok", records["gross"].Split.Verdict, "17,293 and 17,260 units, in whatever order they are fed")
		for _, truth := range c.Truths[:3] {
			want, err := truths.Figures(truth.Path)
			require.NoError(t, err)
			requireFigures(t, records[truth.Metric], truth, want)
		}
	}
}

func TestReplaySharesAreSeenBeforeTheyAreFed(t *testing.T) {
	t.Chdir(t.TempDir())
	never := func(*cobra.Command, *replaying) error {
		require.Fail(t, "nothing is to be fed")
		return nil
	}
	require.NoError(t, os.WriteFile("c.csv", []byte("all,some\n4,2\n"), 0o600))
	require.NoError(t, os.WriteFile("t.csv", []byte("all,some\n3,5\n"), 0o600))
	got := run(t, replayRoot(never), "replay", "control=c.csv", "treatment=t.csv", "--metric", "m=share:some/all")
	require.Equal(t, exitBadRows, got.code)
	require.Contains(t, got.err, "t.csv: 1 bad row\n  line 2: some is 5, more than all, 3")
	require.NoError(t, os.WriteFile("t.csv", []byte("all,some\n3,1\n"), 0o600))
	got = run(t, replayRoot(never), "replay", "control=c.csv", "treatment=t.csv", "--metric", "m=share:some/all", "--dry-run")
	require.Equal(t, exitOK, got.code, got.err)
	require.Contains(t, got.out, "replay: 2 rows\n")
	got = run(t, replayRoot(never), "replay", "c.csv", "t.csv", "--metric", "m=share:some/all")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.err, "or VARIANT=FILE of each aggregated one")
}
