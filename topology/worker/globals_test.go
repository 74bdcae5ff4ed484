package worker

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// A global table whose leader moves while an app starts is read from the next one: that is no reason
// to stop.
func TestAGlobalTableIsReadThoughItsLeaderMoves(t *testing.T) {
	c, fake := newFake(t)
	require.NoError(t, fake.CreateTopic("settings", 1, nil))
	require.NoError(t, c.client.ProduceSync(context.Background(), &kgo.Record{Topic: "settings", Key: []byte("k"), Value: []byte("v")}).FirstErr())
	var b topology.Builder
	words := topology.From(&b, "words", codecs.String, codecs.String)
	seen := make(chan string, 2*partitions)
	topology.Process(words, "follow", topology.Needs{Globals: []string{"settings"}}, func(topology.Forward[string, string]) topology.Processor[string, string] {
		return &follower{seen: seen}
	})
	topo, err := b.Build("app")
	require.NoError(t, err)
	moved := fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "settings", Err: kerr.NotLeaderForPartition, Count: 3})
	a, err := New(topo, Config{Brokers: c.brokers, Workers: 1, Memory: true})
	require.NoError(t, err)
	stop := c.start(a)
	require.Eventually(t, func() bool { return len(seen) > 0 || c.alive.Load() == 0 }, 20*time.Second, time.Millisecond)
	require.NotZero(t, c.alive.Load(), "the app has stopped")
	require.Equal(t, "v", <-seen)
	require.Equal(t, 3, moved.Hits())
	require.NoError(t, stop())
}

// follower tells of the rows of the settings.
type follower struct{ seen chan string }

func (f *follower) Init(ctx topology.Context) error {
	ctx.OnGlobal("settings", func(row topology.GlobalRow) error {
		f.seen <- string(row.Value)
		return nil
	})
	return nil
}

func (f *follower) Process(*topology.Record[string, string]) error { return nil }
