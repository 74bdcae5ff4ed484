package operators

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/abacus-stream/abacus/topology"
)

const partitions = 4

// record is one record of the input, at the place where it will lie.
type record struct {
	topic      string // behind the app's name
	partition  int32
	key, value string
	deleted    bool  // a tombstone
	at         int64 // append time and event time, Unix ms
}

// input is made by a seed, in phases: each is processed before the next is sent.
type input struct {
	rng    *rand.Rand
	phases [][]record
	now    int64 // event time
}

// phaseCount is how many phases an input has, without the one that ends it.
const phaseCount = 6

func newInput(seed uint64, app application) *input {
	recent := time.Now().Truncate(time.Hour).Add(-time.Hour) // a store behind old records is rebuilt
	in := &input{rng: rand.New(rand.NewPCG(seed, 0)), now: recent.UnixMilli()}
	app.input(in)
	return in
}

// phase begins one.
func (in *input) phase() { in.phases = append(in.phases, nil) }

func (in *input) add(topic, key, value string, at int64) {
	in.put(record{topic: topic, partition: topology.PartitionOf([]byte(key), partitions), key: key, value: value, at: at})
}

func (in *input) put(r record) {
	n := len(in.phases) - 1
	in.phases[n] = append(in.phases[n], r)
}

// tick moves event time, and gives one that lies within the disorder.
func (in *input) tick() int64 {
	in.now += in.rng.Int64N(400)
	return in.now - in.rng.Int64N(disorder.Milliseconds())
}

func (in *input) some(name string, n int) string { return fmt.Sprint(name, in.rng.IntN(n)) }

// end sends a record to each partition of streams, so late that all windows before it close.
func (in *input) end(topics ...string) {
	in.phase()
	for _, topic := range topics {
		for p := range int32(partitions) {
			in.put(record{topic: topic, partition: p, key: fmt.Sprint("end", p), value: "end", at: in.now + time.Minute.Milliseconds()})
		}
	}
}

// visits are of users and pages; one of thirty is late by any grace.
func visits(in *input) {
	for range phaseCount {
		in.phase()
		for range 150 {
			at, page := in.tick(), in.some("page", 12)
			if in.rng.IntN(30) == 0 {
				at, page = at-30_000, late
			}
			in.add("visits", in.some("user", 9), page, at)
		}
	}
	in.end("visits")
}

// trade changes the tables in one phase, and has words, clicks and orders in the next: which row a
// stream meets must not hang on which task was ahead.
func trade(in *input) {
	for n := range phaseCount {
		in.phase()
		for i := range 60 {
			if n%2 == 0 {
				in.table("prices", in.some("fruit", 8), fmt.Sprint("price", n, ".", i))
				in.table("ads", in.some("fruit", 8), fmt.Sprint(in.some("fruit", 10), " ad", n, ".", i))
				continue
			}
			in.add("words", in.some("user", 9), fmt.Sprint("w", n, ".", i), in.tick())
			in.add("clicks", in.some("user", 9), fmt.Sprint("c", n, ".", i), in.tick())
			in.add("orders", in.some("fruit", 8), fmt.Sprint("o", n, ".", i, " ", in.some("region", 6)), in.tick())
		}
		if n == 0 {
			for i := range 4 {
				in.put(record{topic: "regions", key: fmt.Sprint("region", i), value: fmt.Sprint("R", i), at: in.now})
			}
		}
	}
	in.end("words", "clicks")
}

// table changes a row, or deletes it.
func (in *input) table(topic, key, value string) {
	r := record{topic: topic, partition: topology.PartitionOf([]byte(key), partitions), key: key, value: value, at: in.tick()}
	if in.rng.IntN(5) == 0 {
		r.value, r.deleted = "", true
	}
	in.put(r)
}
