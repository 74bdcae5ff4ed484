package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/replay/replaycases"
	"github.com/abacus-stream/abacus/codecs/result"
)

// records runs abacus replay and gives the records that it prints, by key.
func records(t *testing.T, file, experiment string, args ...string) map[string]*result.Record {
	t.Helper()
	args = append([]string{"replay", file, "--experiment", experiment, "--embedded", "--wait", "-o", "json"}, args...)
	got := run(t, newRootCommand(), args...)
	require.Equal(t, exitOK, got.code, got.err)
	require.Regexp(t, verdictLine, got.err)
	all := map[string]*result.Record{}
	for line := range strings.Lines(got.out) {
		var rec *result.Record
		require.NoError(t, result.Codec.Parse([]byte(line), &rec))
		require.True(t, rec.Closed)
		all[rec.Key()] = rec
	}
	require.True(t, strings.HasPrefix(got.out, `{"v":1,"experiment":"`+experiment+`"`))
	return all
}

// Hour 15 of the AdSmart data is known for its odd split. Its figures are those of its rows alone.
func TestReplaySegmentsOfAdSmart(t *testing.T) {
	folder := os.Getenv(replaycases.Folder)
	if folder == "" {
		t.Skipf("SKIPPED: %s names no folder of data sets, so segments are not compared with known figures", replaycases.Folder)
	}
	truths, err := replaycases.ReadTruths(folder)
	require.NoError(t, err)
	var want map[string]int64
	require.NoError(t, truths.Into([]string{"adsmart", "hour15_rows"}, &want))
	file := filepath.Join(folder, "adsmart/AdSmartABdata.csv")
	args := []string{"--unit", "auction_id", "--variant", "experiment", "--control", "control", "--time", "date",
		"--skip-bad", "--metric", "yes=conversion:yes", "--metric", "answered=conversion:yes=1|no=1"}
	all := records(t, file, "adsmart", append(args, "--segment", "hour=15")...)
	require.Len(t, all, 3)
	whole, at15, others := all["adsmart|total"], all["adsmart|total|hour=15"], all["adsmart|total|hour=other"]
	require.Equal(t, want, at15.Units)
	require.Equal(t, map[string]int64{"control": whole.Units["control"] - want["control"], "exposed": whole.Units["exposed"] - want["exposed"]}, others.Units)
	require.Equal(t, "broken split", whole.Split.Verdict)
	require.Equal(t, "hour=15", whole.Split.WorstSegment)
	require.Contains(t, whole.Split.Reason, "hour=15")

	alone := records(t, file, "hour15", append(args, "--where", "hour=15")...)["hour15|total"]
	for name, m := range alone.Metrics {
		require.Equal(t, m.Variants, at15.Metrics[name].Variants, name)
		got, same := at15.Metrics[name].Comparisons["exposed"], m.Comparisons["exposed"]
		got.PAdjusted, got.Verdict, got.Reason = same.PAdjusted, same.Verdict, same.Reason // by its own family
		got.CrossedAt = same.CrossedAt                                                     // segments remember no looks before the last
		require.Equal(t, same, got, name)
	}

	every := records(t, file, "adsmart", append(args, "--segment", "hour", "--segment", "browser")...)
	require.Equal(t, at15.Units, every["adsmart|total|hour=15"].Units)
	require.Equal(t, "hour=15", every["adsmart|total"].Split.WorstSegment)
	sum := int64(0)
	for key, rec := range every {
		if strings.HasPrefix(key, "adsmart|total|browser=") {
			sum += rec.Units["control"]
		}
	}
	require.Equal(t, whole.Units["control"], sum)
}

// The figures of segments stand below those of the whole.
func TestReplayShowsSegmentsAsATable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rows.csv")
	require.NoError(t, os.WriteFile(file, []byte("u,v,x,c\n1,A,1,DE\n2,B,2,DE\n3,A,3,FR\n4,B,9,\n"), 0o600))
	got := run(t, newRootCommand(), "replay", file, "--experiment", "e", "--unit", "u", "--variant", "v", "--control", "A",
		"--metric", "m=mean:x", "--segment", "c=DE,FR", "--embedded")
	require.Equal(t, exitOK, got.code, got.err)
	require.Contains(t, got.err, "segments  c                    DE, FR, other")
	require.Contains(t, got.out, "1 experiment · 4 units")
	for _, heading := range []string{"e  c=DE  ", "e  c=FR  ", "e  c=other  "} {
		require.Contains(t, got.out, heading)
	}
}
