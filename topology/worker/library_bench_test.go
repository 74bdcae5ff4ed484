package worker

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

type orders = topology.Stream[[]byte, []byte]

// buyer is the first field of an order, which is no key.
func buyer(_, order []byte) []byte { return order[:len("buyer-0000")] }

// programs are what people write with the library; the codecs cost nothing. Each has a sub-topology that takes every order.
var programs = map[string]func(in orders){
	"count": func(in orders) { topology.To(processors.Count(in, "counts"), "totals") },
	"join": func(in orders) {
		latest := processors.ToTable(in, "latest")
		joined := processors.JoinTable(in, latest, "joined", func(_, order, _ []byte) []byte { return order })
		topology.To(topology.WithCodecs(joined, codecs.Codec[[]byte](codecs.Bytes), codecs.Codec[[]byte](codecs.Bytes)), "totals")
	},
	"regroup": func(in orders) { topology.To(processors.Count(byBuyer(in), "counts"), "totals") },
	"windows": func(in orders) {
		windows := processors.Window(byBuyer(in), processors.Tumbling{Size: time.Second, Grace: time.Second})
		topology.To(processors.CountWindows(windows, "counts"), "totals")
	},
}

func byBuyer(in orders) orders {
	keyed := topology.WithCodecs(processors.SelectKey(in, "by-buyer", buyer), codecs.Codec[[]byte](codecs.Bytes), codecs.Codec[[]byte](codecs.Bytes))
	return processors.GroupByKey(keyed, "buyers")
}

// BenchmarkLibrary runs programs of the library over 400,000 orders of 150 bytes, exactly once, beside a broker in another
// process, until each is committed. It gives the processor time of this process for an order: client, engine, garbage
// collector. ABACUS_TEST_KAFKA names a broker of your own.
func BenchmarkLibrary(b *testing.B) {
	const records = 400_000
	address := os.Getenv("ABACUS_TEST_KAFKA")
	if address == "" {
		address = brokerBeside(b)
	}
	for _, name := range []string{"count", "join", "regroup", "windows"} {
		b.Run(name, func(b *testing.B) {
			prefix := fmt.Sprintf("%s-%d", name, time.Now().UnixNano())
			takeOrders(b, address, prefix, records)
			b.ReportAllocs()
			b.ResetTimer()
			spent := time.Duration(0)
			for i := range b.N {
				began := processorTime(b)
				runProgram(b, address, prefix, fmt.Sprintf("%s-app%d", prefix, i), programs[name], records)
				spent += processorTime(b) - began
			}
			all := float64(records) * float64(b.N)
			b.ReportMetric(float64(spent.Nanoseconds())/all, "cpu-ns/record")
			b.ReportMetric(all/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// takeOrders makes the topics and fills the one of the orders: 1,000 buyers, a millisecond each hundred orders.
func takeOrders(b *testing.B, address, prefix string, records int) {
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.DefaultProduceTopic(prefix+"-orders"))
	require.NoError(b, err)
	defer client.Close()
	for _, topic := range []string{"orders", "totals"} {
		_, err = kadm.NewClient(client).CreateTopic(b.Context(), partitions, 1, nil, prefix+"-"+topic)
		require.NoError(b, err)
	}
	rest := strings.Repeat("abcdefgh12345678", 9)
	for i := range records {
		order := &kgo.Record{Timestamp: time.UnixMilli(1_790_000_000_000 + int64(i/100)), Key: fmt.Appendf(nil, "order-%d", i%20_000), Value: fmt.Appendf(nil, "buyer-%04d%s", i*7%1000, rest[:140])}
		client.Produce(b.Context(), order, nil)
	}
	require.NoError(b, client.Flush(b.Context()))
}

// runProgram runs a program until it has taken each order in every sub-topology.
func runProgram(b *testing.B, address, prefix, name string, program func(orders), records int64) {
	var builder topology.Builder
	program(topology.From(&builder, prefix+"-orders", codecs.Bytes, codecs.Bytes))
	topo, err := builder.Build(name)
	require.NoError(b, err)
	for _, sub := range topo.Subs {
		for _, sink := range sub.Sinks {
			if sink.Topic == "totals" {
				sink.Topic = prefix + "-totals"
			}
		}
	}
	ctx, stop := context.WithTimeout(b.Context(), time.Minute)
	defer stop()
	last, taken := topo.Subs[len(topo.Subs)-1].Name, make(chan int64, 1<<16)
	app, err := New(topo, Config{Brokers: []string{address}, StateDir: b.TempDir(), Workers: 1, Hooks: Hooks{Processed: func(sub string, n int64) {
		if sub == last {
			taken <- n
		}
	}}})
	require.NoError(b, err)
	failed := make(chan error, 1)
	go func() { failed <- app.Run(ctx) }()
	for left := records; left > 0; {
		select {
		case n := <-taken:
			left -= n
		case err := <-failed:
			b.Fatalf("%d orders were left: %v", left, err)
		}
	}
	stop()
	require.NoError(b, <-failed)
}
