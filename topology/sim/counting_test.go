package sim_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/sim"
)

// counting counts words behind a repartition topic, and hands each on beside that: two hops, and a
// topic in which every record counts.
func counting() sim.Config {
	return sim.Config{
		Topology: func(b *topology.Builder) {
			words := topology.From(b, "words", codecs.String, codecs.String)
			topology.To(words, "echoes")
			topology.To(processors.Count(topology.Repartition(words, "again"), "counted"), "counts")
		},
		Input: func(rng *rand.Rand, now time.Time) (all []sim.Record) {
			for i := range rng.IntN(5) {
				all = append(all, sim.Record{Topic: "words", Key: fmt.Appendf(nil, "w%d", rng.IntN(40)), Value: fmt.Append(nil, now.Unix(), i)})
			}
			return all
		},
		Follows: func(topic string, _, before, after []byte) error {
			if topic == "counts" && count(after) <= count(before) {
				return fmt.Errorf("count %d comes after %d", count(after), count(before))
			}
			return nil
		},
		Exact:     []string{"echoes"},
		Instances: 3,
	}
}

func count(value []byte) uint64 {
	if value == nil {
		return 0
	}
	return binary.BigEndian.Uint64(value)
}
