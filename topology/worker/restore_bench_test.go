package worker

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/state/pebble"
	"github.com/abacus-stream/abacus/topology"
)

const asBroker = "ABACUS_TEST_BROKER"

// TestMain is a broker where a benchmark has started this program as one, so that the broker's processor time is not its own.
func TestMain(m *testing.M) {
	if os.Getenv(asBroker) == "" {
		os.Exit(m.Run())
	}
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "changelog"))
	if err != nil {
		panic(err)
	}
	fmt.Println(fake.ListenAddrs()[0])
	_, _ = io.Copy(io.Discard, os.Stdin) // until the benchmark is over
	fake.Close()
}

// BenchmarkRestore replays a changelog of 600,000 records of 300,000 keys, 120 bytes each as rows are logged, from a broker in
// another process: fetch, decode, apply. It gives the rate by the clock and that of a second of this process's processor time,
// engine and garbage collector included.
func BenchmarkRestore(b *testing.B) {
	const records, keys = 600_000, 300_000
	w, in := restorer(b, records, keys)
	for _, engine := range []string{"memory", "pebble"} {
		b.Run(engine, func(b *testing.B) {
			b.ReportAllocs()
			spent := processorTime(b)
			for b.Loop() {
				store, done := memory.New().Store("s"), func() error { return nil }
				if engine == "pebble" {
					db, err := pebble.Open(b.TempDir())
					require.NoError(b, err)
					store, done = db.Store("s"), db.Close
				}
				from := *in
				p := newRestoring(w.log, topology.TaskID{}, time.Now())
				require.NoError(b, w.replayRange(context.Background(), state.NewTable("s", 0, store, 0), &from, goal{end: records}, p))
				require.Equal(b, records, p.records)
				require.NoError(b, done())
			}
			spent = processorTime(b) - spent
			all := float64(records) * float64(b.N)
			b.ReportMetric(all/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(all/spent.Seconds(), "records/cpu-s")
			b.ReportMetric(float64(spent.Nanoseconds())/all, "cpu-ns/record")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// brokerBeside starts a broker in a process of its own and gives its address.
func brokerBeside(b *testing.B) string {
	broker := exec.Command(os.Args[0])
	broker.Env = append(os.Environ(), asBroker+"=1")
	stdin, err := broker.StdinPipe()
	require.NoError(b, err)
	stdout, err := broker.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, broker.Start())
	b.Cleanup(func() {
		_ = stdin.Close()
		require.NoError(b, broker.Wait())
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(b, err)
	return strings.TrimSpace(address)
}

// restorer gives a worker and a reader of a changelog in a broker of its own.
func restorer(b *testing.B, records, keys int) (*worker, *reader) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokerBeside(b)), kgo.DefaultProduceTopic("changelog"))
	require.NoError(b, err)
	b.Cleanup(client.Close)
	chance := rand.New(rand.NewPCG(1, 2))
	for n := 0; n < records; n += 10_000 {
		var batch []*kgo.Record
		for range 10_000 {
			value := make([]byte, 104)
			for j := 0; j < len(value); j += 8 { // half of it compresses
				binary.LittleEndian.PutUint32(value[j:], chance.Uint32())
			}
			batch = append(batch, &kgo.Record{Key: fmt.Appendf(nil, "u|unit-%d", chance.IntN(keys)), Value: value})
		}
		require.NoError(b, client.ProduceSync(context.Background(), batch...).FirstErr())
	}
	admin := kadm.NewClient(client)
	details, err := admin.ListTopics(context.Background(), "changelog")
	require.NoError(b, err)
	app := &App{client: client, admin: admin, log: zap.NewNop(), topics: &topics{ids: map[string][16]byte{"changelog": details["changelog"].ID}}}
	return &worker{app: app, log: app.log}, &reader{app: app, topic: "changelog", wait: 100 * time.Millisecond, turns: newTurns()}
}
