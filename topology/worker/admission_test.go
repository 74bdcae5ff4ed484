package worker

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// What processing has put aside is no row: of the tasks, of their standbys, and of tasks that are restored from the topic.
func TestCopiesOfASourceTopicLackWhatItsCodecsRefuse(t *testing.T) {
	const keys = 40
	c := newCluster(t)
	var b topology.Builder
	topology.To(topology.FromTable(&b, "words", "latest", codecs.String, codecs.Int64).Stream, "counts")
	topo, err := b.Build("app")
	require.NoError(t, err)
	good, _ := codecs.Int64.Append(nil, 7) // never fails
	for _, value := range [][]byte{good, []byte("bad")} {
		for i := range keys {
			require.NoError(t, c.client.ProduceSync(context.Background(), &kgo.Record{Topic: "words", Key: fmt.Append(nil, i), Value: value}).FirstErr())
		}
	}
	ends, err := kadm.NewClient(c.client).ListEndOffsets(context.Background(), "words")
	require.NoError(t, err)
	start := func() (*App, func() error) {
		a, err := New(topo, Config{Brokers: c.brokers, Workers: 1, Memory: true, Standbys: 1, CheckpointEvery: 10 * time.Millisecond})
		require.NoError(t, err)
		return a, c.start(a)
	}
	holds := func(a *App) func() bool {
		return func() bool {
			rows := 0
			for p := range partitions {
				checkpoint, _, err := a.engine.open(a.storeName(at(0, p), topo.Subs[0].Stores[0]), false).Checkpoint()
				end, _ := ends.Lookup("words", int32(p))
				if err != nil || checkpoint.ChangelogOffset < end.Offset {
					return false
				}
				for _, value := range valuesOf(t, a, at(0, p)) {
					if value != string(good) {
						return false
					}
					rows++
				}
			}
			return rows == keys
		}
	}
	first, stopFirst := start()
	second, stopSecond := start()
	for _, a := range []*App{first, second} {
		c.stands(a, partitions/2)
		require.Eventually(t, holds(a), waitLimit, tick)
	}
	require.NoError(t, stopFirst())
	require.NoError(t, stopSecond())
	third, _ := start()
	latest, err := third.Store("latest")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(latest.Held()) == partitions }, waitLimit, tick)
	require.Eventually(t, holds(third), waitLimit, tick)
}
