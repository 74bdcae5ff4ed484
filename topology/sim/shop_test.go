package sim_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/sim"
	"github.com/abacus-stream/abacus/topology/worker"
)

// stamped takes the event time from a value like "ann 1767225600000".
func stamped(rec *topology.Record[string, string], _ *topology.Source) (int64, bool) {
	_, at, _ := strings.Cut(rec.Value, " ")
	ms, err := strconv.ParseInt(at, 10, 64)
	return ms, err == nil
}

// shop joins orders with their payments, each pair once, and counts paid orders of a customer in
// windows that close, and in sessions, behind a repartition topic.
func shop() sim.Config {
	return sim.Config{
		Topology: paidOrders, Input: shopping(),
		Exact:   []string{"paid", "per-ten-seconds-counts"},
		Worker:  worker.Config{Standbys: 1, AcceptableLag: 20},
		Settled: 2 * time.Minute, Deadline: 10 * time.Minute,
	}
}

func paidOrders(b *topology.Builder) {
	orders := topology.FromTimed(b, "orders", codecs.String, codecs.String, stamped)
	payments := topology.FromTimed(b, "payments", codecs.String, codecs.String, stamped)
	within := processors.JoinWindow{Before: 10 * time.Second, After: 10 * time.Second, Grace: 30 * time.Second}
	paid := processors.JoinStreams(orders, processors.Dedup(payments, "once", func(id, _ string) string { return id }, codecs.String, time.Minute), within, "paid",
		func(_, order, _ string) string { return order })
	paid = topology.WithCodecs(paid, codecs.String, codecs.String)
	topology.To(paid, "paid")

	customers := processors.GroupBy(paid, "customers", func(_, order string) string { customer, _, _ := strings.Cut(order, " "); return customer }, codecs.String)
	closing := processors.Tumbling{Size: 10 * time.Second, Grace: 60 * time.Second, Emit: processors.OnClose}
	topology.To(processors.CountWindows(processors.Window(customers, closing), "per-ten-seconds"), "per-ten-seconds-counts")
	visits := processors.Session{Gap: 5 * time.Second, Grace: 60 * time.Second}
	topology.To(processors.CountWindows(processors.Window(customers, visits), "visits"), "visits-counts")
}

// shopping gives orders up to 3 s out of order; two of three are paid within 4 s, some twice.
func shopping() func(rng *rand.Rand, now time.Time) []sim.Record {
	due := map[int64][]sim.Record{} // by second
	n := 0
	return func(rng *rand.Rand, now time.Time) []sim.Record {
		all := due[now.Unix()]
		delete(due, now.Unix())
		for range rng.IntN(4) {
			n++
			at := now.Add(-time.Duration(rng.IntN(3000)) * time.Millisecond)
			key := fmt.Appendf(nil, "order%d", n)
			all = append(all, sim.Record{Topic: "orders", Key: key, Value: fmt.Appendf(nil, "c%d %d", rng.IntN(12), at.UnixMilli())})
			for range max(rng.IntN(4)-1, 0) {
				later := now.Add(time.Duration(rng.IntN(4)) * time.Second)
				payment := sim.Record{Topic: "payments", Key: key, Value: fmt.Appendf(nil, "p %d", later.UnixMilli())}
				due[later.Unix()+1] = append(due[later.Unix()+1], payment)
			}
		}
		return all
	}
}
