package operation

import (
	"context"
	"hash"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/integration/positions"
)

// A goka processor that reads with sarama's ReadCommitted and our codec sees what a plain consumer
// does: the same last record of every key, and nothing of a transaction that was aborted.
func TestGokaProcessorReadsTheStatsTopic(t *testing.T) {
	i := install(t)
	run := i.run()
	run.says("task runs")
	i.loadFor(2*time.Second, dirty...)
	i.verified()
	run.stop()
	i.forge()
	want := map[string]*result.Record{}
	positions.Read(t, i.brokers, i.prefix+".stats", func(r *kgo.Record) {
		var rec *result.Record
		require.NoError(t, result.Codec.Parse(r.Value, &rec))
		want[string(r.Key)] = rec
	})
	require.Greater(t, len(want), len(loaded))

	var mu sync.Mutex
	got := map[string]*result.Record{}
	processor := i.goka(func(ctx goka.Context, record any) {
		mu.Lock()
		defer mu.Unlock()
		got[ctx.Key()] = record.(*result.Record)
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- processor.Run(ctx) }()
	eventually(t, time.Minute, "goka has the same last records", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for key, rec := range got {
			require.NotEqual(t, forged, rec.Run, "%s: of an aborted transaction", key)
		}
		for key, rec := range want {
			if got[key] == nil || got[key].AsOf < rec.AsOf || got[key].Closed != rec.Closed {
				return false
			}
		}
		return true
	})
	cancel()
	require.NoError(t, <-ended)
	require.Equal(t, want, got)
}

// forged is the run of a record that was never committed.
const forged = 4711

// forge sends a record for each partition of the stats topic in a transaction that is aborted.
func (i *installation) forge() {
	i.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(i.brokers...), kgo.TransactionalID(i.prefix+"-forger"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(i.t, err)
	defer client.Close()
	require.NoError(i.t, client.BeginTransaction())
	value, err := result.Codec.Append(nil, &result.Record{V: result.Version, Experiment: loaded[0], Run: forged, Grain: result.Total})
	require.NoError(i.t, err)
	for p := range int32(4) {
		require.NoError(i.t, client.ProduceSync(context.Background(), &kgo.Record{
			Topic: i.prefix + ".stats", Partition: p, Key: []byte(result.TotalKey(loaded[0])), Value: value,
		}).FirstErr())
	}
	require.NoError(i.t, client.EndTransaction(context.Background(), kgo.TryAbort))
}

// goka is a processor of the stats topic. Goka writes into the settings it is given: each client has its own.
func (i *installation) goka(see goka.ProcessCallback) *goka.Processor {
	i.t.Helper()
	settings := func(client string) *sarama.Config {
		s := goka.DefaultConfig()
		s.Version, s.ClientID = sarama.V4_0_0_0, client
		s.Consumer.IsolationLevel = sarama.ReadCommitted
		s.Consumer.Offsets.Initial = sarama.OffsetOldest
		return s
	}
	p, err := goka.NewProcessor(i.brokers,
		goka.DefineGroup(goka.Group(i.prefix+"-goka"), goka.Input(goka.Stream(i.prefix+".stats"), result.Codec, see)),
		goka.WithLogger(gokaLog{i.t}),
		goka.WithConsumerGroupBuilder(func(brokers []string, group, client string) (sarama.ConsumerGroup, error) {
			return sarama.NewConsumerGroup(brokers, group, settings(client))
		}),
		goka.WithConsumerSaramaBuilder(func(brokers []string, client string) (sarama.Consumer, error) {
			return sarama.NewConsumer(brokers, settings(client))
		}),
		goka.WithProducerBuilder(func(brokers []string, client string, hasher func() hash.Hash32) (goka.Producer, error) {
			return goka.ProducerBuilderWithConfig(settings(client))(brokers, client, hasher)
		}),
		goka.WithTopicManagerBuilder(goka.TopicManagerBuilderWithConfig(settings("abacus-test"), goka.NewTopicManagerConfig())),
	)
	require.NoError(i.t, err)
	return p
}

// gokaLog has goka log where the test does.
type gokaLog struct{ t testing.TB }

func (l gokaLog) Print(args ...any)                 { l.t.Log(args...) }
func (l gokaLog) Println(args ...any)               { l.t.Log(args...) }
func (l gokaLog) Printf(format string, args ...any) { l.t.Logf(format, args...) }
