package main

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/replay"
	"github.com/abacus-stream/abacus/codecs/event"
)

const replayRows = "user,arm,spend\nann,new,1.5\nbob,old,\ncid,old,2\n"

// replayRoot is the command line with a feed of the test's.
func replayRoot(feed func(cmd *cobra.Command, r *replaying) error) *cobra.Command {
	root := newRootCommand()
	if known, _, err := root.Find([]string{"replay"}); err == nil && known != root {
		root.RemoveCommand(known)
	}
	root.AddCommand(newReplayCommand(feed))
	return root
}

var replayArgs = []string{"replay", "rows.csv", "--experiment", "shop", "--unit", "user", "--variant", "arm",
	"--control", "old", "--metric", "spend=mean:spend,cap=9"}

func TestReplayFeeds(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("rows.csv", []byte(replayRows), 0o600))
	events := 0
	got := run(t, replayRoot(func(cmd *cobra.Command, r *replaying) error {
		require.True(t, r.Embedded && r.Wait)
		return r.Plans[0].Events(func(*event.Event) error { events++; return nil })
	}), append(replayArgs, "--embedded", "--wait")...)
	require.Equal(t, exitOK, got.code, got.err)
	require.Equal(t, 5, events)
	require.Empty(t, got.out)
	require.Contains(t, got.err, "shop: 3 rows\n")
}

func TestReplayDryRun(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("rows.csv", []byte(replayRows+"dan,,1\n"), 0o600))
	never := func(*cobra.Command, *replaying) error { return errors.New("fed") }
	got := run(t, replayRoot(never), append(replayArgs, "--dry-run", "--skip-bad")...)
	require.Equal(t, ran{code: exitOK, out: `shop: 3 rows, 1 bad
  from 2000-01-01T00:00:00Z to 2000-01-01T00:00:00Z, up to 0s late
  control   old                   50.0 %
  treatment new                   50.0 %
  metric    spend                mean, 1 decimal, cap 9
  bad row, line 5: arm (the variant) is blank
`}, got)
	got = run(t, replayRoot(never), append(replayArgs, "--dry-run", "--skip-bad", "-o", "json")...)
	var said struct {
		Rows, Bad  int
		Definition struct{ Experiment string }
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &said))
	require.Equal(t, []any{3, 1, "shop"}, []any{said.Rows, said.Bad, said.Definition.Experiment})
}

func TestReplayExitCodes(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("rows.csv", []byte(replayRows+"dan,,1\n"), 0o600))
	never := func(*cobra.Command, *replaying) error { return errors.New("fed") }
	for want, args := range map[int][]string{
		exitBadRows: replayArgs,
		exitUsage:   append(replayArgs, "--where", "colour=red"),
		exitFailed:  append([]string{"replay", "missing.csv"}, replayArgs[2:]...),
	} {
		got := run(t, replayRoot(never), args...)
		require.Equal(t, want, got.code, got.err)
	}
	got := run(t, replayRoot(never), replayArgs...)
	require.Contains(t, got.err, "line 5: arm (the variant) is blank")
	require.Equal(t, exitUsage, run(t, replayRoot(never), "replay").code)
}

// TestReplayTornGzip: a file that only begins like gzip is told as such.
func TestReplayTornGzip(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("rows.csv", []byte("\x1f\x8bnothing more"), 0o600))
	require.Contains(t, run(t, newRootCommand(), append(replayArgs, "--dry-run")...).err, "rows.csv: begins like gzip and cannot be read as such, is it whole?")
	require.Contains(t, run(t, newRootCommand(), "replay", "--help").out, "quantile, ratio or share; repeatable")
}

// TestReplayFromFile: a long command line may stand in the file of settings.
func TestReplayFromFile(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("rows.csv", []byte(replayRows), 0o600))
	require.NoError(t, os.WriteFile("abacus.yaml", []byte(`
replay:
  experiment: shop
  unit: user
  variant: arm
  control: old
  metric: ["spend=mean:spend", "spent=conversion:spend>0"]
`), 0o600))
	var plan *replay.Plan
	got := run(t, replayRoot(func(_ *cobra.Command, r *replaying) error { plan = r.Plans[0]; return nil }), "replay", "rows.csv")
	require.Equal(t, exitOK, got.code, got.err)
	require.Len(t, plan.Definition.Metrics, 2)
}
