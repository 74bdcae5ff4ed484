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
	"github.com/abacus-stream/abacus/topology/worker"
)

// counting counts words behind a repartition topic, in all and in windows that close once, and hands
// each on beside that: two hops, and topics in which every record counts.
func counting() sim.Config {
	return sim.Config{
		Topology: func(b *topology.Builder) {
			words := topology.From(b, "words", codecs.String, codecs.String)
			topology.To(words, "echoes")
			again := topology.Repartition(words, "again")
			topology.To(processors.Count(again, "counted"), "counts")
			closing := processors.Tumbling{Size: 5 * time.Second, Grace: 2 * time.Second, Emit: processors.OnClose}
			topology.To(processors.CountWindows(processors.Window(again, closing), "per-five-seconds"), "windows")
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
		Exact:     []string{"echoes", "windows"},
		Instances: 3,
		// A task that is idle holds nobody back, also when its instance dies: what comes until another takes over may be late.
		// So none is idle while there is input.
		Worker:  worker.Config{IdleAfter: 40 * time.Second},
		Settled: time.Minute,
	}
}

func count(value []byte) uint64 {
	if value == nil {
		return 0
	}
	return binary.BigEndian.Uint64(value)
}
