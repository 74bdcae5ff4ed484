package sim_test

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/sim"
)

var seed = flag.Uint64("seed", 0, "of the faults and the input; 0: a fresh one")

// counting counts words behind a repartition topic: two sub-topologies, two hops.
func counting(b *topology.Builder) {
	words := topology.From(b, "words", codecs.String, codecs.String)
	again := topology.Repartition(words, "again")
	topology.To(processors.Count(again, "counted"), "counts")
}

func words(rng *rand.Rand, _ time.Time) (all []sim.Record) {
	for range rng.IntN(5) {
		all = append(all, sim.Record{Topic: "words", Key: fmt.Appendf(nil, "w%d", rng.IntN(40)), Value: []byte("x")})
	}
	return all
}

// grows holds that a count never comes twice or goes back.
func grows(_ string, _, before, after []byte) error {
	n := func(b []byte) uint64 {
		if b == nil {
			return 0
		}
		return binary.BigEndian.Uint64(b)
	}
	if n(after) <= n(before) {
		return fmt.Errorf("count %d comes after %d", n(after), n(before))
	}
	return nil
}

func TestCounting(t *testing.T) {
	report := sim.Run(t, sim.Config{Topology: counting, Input: words, Follows: grows, Seed: *seed})
	t.Log(report.String())
}
