//go:build sim

package sim_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/sim"
)

var (
	hours = flag.Float64("hours", 1, "virtual hours to simulate")
	said  = flag.String("said", "", "file for the last line")
)

// TestHours simulates the topologies of these tests in turn, every time with a seed of its own.
func TestHours(t *testing.T) {
	first := *seed
	if first == 0 {
		first = rand.Uint64()
	}
	t.Logf("seed %d", first)
	rng, sum := rand.New(rand.NewPCG(first, 0)), sim.Report{}
	for round := 0; sum.Virtual.Hours() < *hours; round++ {
		all := simulated(t)
		cfg := all[round%len(all)]
		cfg.Seed = rng.Uint64()
		report := sim.Run(t, cfg)
		t.Log(report.String())
		sum.Add(report)
	}
	t.Log(sum.String())
	line := fmt.Sprintf("%.0f times real time, in %s\n%.2f virtual hours, %d faults, %d anomalies\n",
		sum.Factor(), sum.Real.Round(time.Second), sum.Virtual.Hours(), sum.Count(), len(sum.Anomalies))
	t.Log(line)
	if *said != "" {
		require.NoError(t, os.WriteFile(*said, []byte(line), 0o644))
	}
}

// simulated are the simulations of this package.
func simulated(t *testing.T) []sim.Config {
	return []sim.Config{counting(), shop(), experiments(t)}
}
