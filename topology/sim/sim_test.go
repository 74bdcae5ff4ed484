package sim_test

import (
	"flag"
	"testing"

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
	require.NotZero(t, report.Commits)
	require.Greater(t, report.Count(), 15, "few faults had an effect: little is shown")
}
