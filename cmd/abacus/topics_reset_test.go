package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTopicsReset: everything computed is deleted, and the next run computes the same from the events. Before that, a
// run that is active is left alone, and a look changes nothing.
func TestTopicsReset(t *testing.T) {
	i := install(t)
	processor := i.start("run", "--mirror")
	processor.says("app started")
	truth := i.load("--seed", "5", "--tagged", "0.1", "--format", "msgpack")
	i.must("verify")
	for _, how := range []string{"--yes", "--dry-run"} {
		got := i.do("topics", "reset", how)
		require.Equal(t, exitFailed, got.code)
		require.Contains(t, got.err, "stop abacus run and abacus mirror first")
	}
	processor.end()
	require.Equal(t, exitUsage, i.do("topics", "reset").code)
	require.Equal(t, exitUsage, i.do("topics", "reset", "--yes", "--dry-run").code)
	look := i.must("topics", "reset", "--dry-run")
	for _, line := range []string{"would delete topic abacus-deltas-repartition\n", "would delete group abacus\n", "would delete group abacus-mirror\n", "would delete topic abacus.stats\n"} {
		require.Contains(t, look, line)
	}
	i.must("verify")
	done := i.must("topics", "reset", "--yes")
	for _, line := range []string{"deleted topic abacus.stats\n", "deleted topic abacus-deltas-repartition\n", "deleted group abacus-mirror\n"} {
		require.Contains(t, done, line)
	}
	got := i.do("verify")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "-changelog does not exist: start `abacus run`, which makes it; --prefix")
	require.NotContains(t, i.must("topics", "reset", "--dry-run"), "would delete", "all of it is gone")
	got = i.do("topics", "reset", "--prefix", "nosuch", "--dry-run")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "topic nosuch.events does not exist")

	again := i.start("run", "--mirror")
	again.says("app started")
	i.must("verify")
	i.requireTruth(truth)
	again.end()
}

// TestTopicsResetBeginsWhereItIsTold: behind the events that are there, by offset or by time.
func TestTopicsResetBeginsWhereItIsTold(t *testing.T) {
	i := install(t)
	processor := i.start("run", "--mirror")
	processor.says("app started")
	i.load("--seed", "5", "--tagged", "0.1")
	i.must("verify")
	processor.end()
	require.Contains(t, i.must("topics", "reset", "--to-end", "--dry-run", "-o", "json"), `"action":"begin","done":false,"kind":"partition"`)
	require.Contains(t, i.must("topics", "reset", "--to-offset", "3", "--dry-run"), "would begin partition abacus.events/0 at offset 3\n")
	i.must("topics", "reset", "--to-time", time.Now().UTC().Format(time.RFC3339Nano), "--yes")

	again := i.start("run", "--mirror")
	again.says("task runs")
	require.Eventually(t, func() bool { return i.do("status", "run").code == exitOK }, 20*time.Second, 50*time.Millisecond)
	require.NotEqual(t, exitOK, i.do("verify").code, "the events before are not counted")
	again.end()
}

func TestTopicsResetRefusesWhatMakesNoSense(t *testing.T) {
	for _, args := range [][]string{
		{"--to-end", "--to-offset", "3"}, {"--to-time", "48h", "--to-end"}, {"--to-time", "yesterday"}, {"--to-offset", "-1"},
	} {
		got := run(t, newRootCommand(), append([]string{"topics", "reset", "--yes"}, args...)...)
		require.Equal(t, exitUsage, got.code, "%v: %s", args, got.err)
	}
}
