package main

import (
	"context"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/replay"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/replay/replaycases"
	"github.com/abacus-stream/abacus/codecs/result"
)

// TestReplayOwnRows: counts, sums, means and variances of a file of our own are those that plain code finds, and the
// order of its rows does not matter.
func TestReplayOwnRows(t *testing.T) {
	t.Parallel()
	v := newVisits(900)
	rec := replayed(t, v.file(t, false), "shop", append(visitArgs, "--workers", "2")...)
	require.Equal(t, int64(v.both), *rec.Excluded)
	require.Positive(t, v.both)
	for arm, totals := range v.spend {
		require.Equal(t, int64(len(totals)), rec.Units[arm], arm)
		require.Equal(t, int64(v.bought[arm]), mustInt(t, rec.Metrics["bought"].Variants[arm].Sum), arm)
		for metric, most := range map[string]*big.Rat{"spend": nil, "capped": big.NewRat(31, 2)} {
			got := rec.Metrics[metric].Variants[arm]
			sum, mean, variance := moments(totals, most)
			require.Equal(t, sum.FloatString(3), got.Sum, "%s of %s", metric, arm)
			near(t, mean, got.Mean, "mean")
			near(t, variance, got.Variance, "variance")
		}
	}
	for _, metric := range []string{"spend", "capped", "visits"} {
		for _, c := range rec.Metrics[metric].Comparisons {
			requireWelchInterval(t, c)
		}
	}
	requireSplit(t, rec)
	shuffled := replayed(t, v.file(t, true), "shop", visitArgs...)
	requireSame(t, rec, shuffled)
}

func mustInt(t *testing.T, text string) int64 {
	t.Helper()
	n, ok := new(big.Int).SetString(text, 10)
	require.True(t, ok, text)
	return n.Int64()
}

// TestReplayTwice: rows that come again, before or behind the end of the input, shuffled too, change nothing.
func TestReplayTwice(t *testing.T) {
	t.Parallel()
	v := newVisits(600)
	feedAgain(t, v.file(t, false), v.file(t, true), visitArgs)
}

// TestReplayKnownTwice does the same with a public data set, and gives its known figures.
func TestReplayKnownTwice(t *testing.T) {
	folder := os.Getenv(replaycases.Folder)
	if folder == "" {
		t.Skipf("SKIPPED: %s names no folder of data sets, so none is fed twice", replaycases.Folder)
	}
	t.Parallel()
	truths, err := replaycases.ReadTruths(folder)
	require.NoError(t, err)
	for _, c := range replaycases.Cases {
		if c.Name != "homepage" {
			continue
		}
		path := filepath.Join(folder, c.File)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		header, rows, _ := strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
		shuffled := writeRows(t, header, strings.Split(strings.TrimSuffix(rows, "\n"), "\n"), true)
		rec := feedAgain(t, path, shuffled, c.Args)
		want, err := truths.Figures(c.Truths[0].Path)
		require.NoError(t, err)
		requireFigures(t, rec, c.Truths[0], want)
	}
}

// feedAgain feeds a file, again at once, again after everything has settled, and then shuffled, all into one engine.
func feedAgain(t *testing.T, file, shuffled string, args []string) *result.Record {
	t.Helper()
	ctx := t.Context()
	k, err := openStack(ctx, &settings{Prefix: "twice", Workers: 2, CommitEvery: 20e6}, replayIdle, zap.NewNop())
	require.NoError(t, err)
	defer func() { require.NoError(t, k.close()) }()
	plan, again := planOf(t, file, args), planOf(t, shuffled, args)
	require.NoError(t, k.apply(ctx, plan.Definition))
	require.NoError(t, k.produce(ctx, plan, quietly))
	var first *result.Record
	for _, p := range []*replay.Plan{plan, plan, again} {
		require.NoError(t, k.replay(ctx, quietly, p))
		got := onlyTotal(ctx, t, k)
		if first == nil {
			first = got
		}
		requireSame(t, first, got)
	}
	report, err := k.verify(ctx)
	require.NoError(t, err)
	require.Empty(t, report.Differences)
	require.Positive(t, report.Hashes)
	require.GreaterOrEqual(t, report.Records, 4*plan.Rows)
	return first
}

// requireSame compares two records line by line, and shows the first line that differs.
func requireSame(t *testing.T, want, got *result.Record) {
	t.Helper()
	var lines [2][]string
	for i, rec := range []*result.Record{want, got} {
		text, err := json.MarshalIndent(rec, "", " ")
		require.NoError(t, err)
		lines[i] = strings.Split(string(text), "\n")
	}
	for i := range min(len(lines[0]), len(lines[1])) {
		require.Equal(t, lines[0][i], lines[1][i])
	}
	require.Len(t, lines[1], len(lines[0]))
}

func quietly(string) {}

// planOf reads flags as the command does.
func planOf(t *testing.T, file string, args []string) *replay.Plan {
	t.Helper()
	cfg := replay.Config{File: file}
	flags := pflag.NewFlagSet("replay", pflag.ContinueOnError)
	cfg.Bind(flags)
	require.NoError(t, flags.Parse(append([]string{"--experiment", "shop"}, args...)))
	plan, err := replay.New(cfg)
	require.NoError(t, err)
	return plan
}

// onlyTotal is the last total of the only experiment.
func onlyTotal(ctx context.Context, t *testing.T, k *stack) *result.Record {
	t.Helper()
	totals, err := finalTotals(ctx, k)
	require.NoError(t, err)
	require.Len(t, totals, 1)
	return totals[0]
}
