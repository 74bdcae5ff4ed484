package sim_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/sim"
)

var seed = flag.Uint64("seed", 0, "of the faults and the input; 0: a fresh one")

// A quarter of a virtual hour, or about half of it, of each, with fresh seeds: `go test -run TestShop -seed n` takes one again.

func TestCounting(t *testing.T) { run(t, counting()) }

func TestShop(t *testing.T) { run(t, shop()) }

func TestExperiments(t *testing.T) { run(t, experiments(t)) }

func run(t *testing.T, cfg sim.Config) {
	cfg.Seed = *seed
	report := sim.Run(t, cfg)
	t.Log(report.String())
	tell(t, report)
	require.NotZero(t, report.Commits)
	require.Greater(t, report.Count(), 15, "few faults had an effect: little is shown")
}

// saidEnv names a file for what the terminal is to show: go test shows the log of a test only when it fails.
const saidEnv = "ABACUS_TEST_SAID"

// tell adds a line to that file, in one write, as other packages add to it meanwhile.
func tell(t *testing.T, r sim.Report) {
	t.Helper()
	path := os.Getenv(saidEnv)
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	_, err = fmt.Fprintf(f, "sim: %s, seed %d: %s virtual, %d faults, %d anomalies\n", t.Name(), r.Seed, r.Virtual.Round(time.Second), r.Count(), len(r.Anomalies))
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// A run that passes leaves its seed, too: what it had can be had again.
func TestEveryRunTellsItsSeed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "said")
	require.NoError(t, os.WriteFile(path, []byte("services: before\n"), 0o644))
	t.Setenv(saidEnv, path)
	short(t, counting(), sim.Kill)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	require.Len(t, lines, 3, "%s", text)
	require.Equal(t, "services: before", lines[0])
	require.Regexp(t, `^sim: TestEveryRunTellsItsSeed, seed [1-9]\d*: \d+m\d+s virtual, \d\d+ faults, 0 anomalies$`, lines[1])
}
