package pipeline

import (
	"context"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/mirror"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/worker"
)

// Redis shows a total once the transaction that wrote it is committed: not while it is open, and
// never if it is aborted.
func TestTheMirrorShowsNothingBeforeTheCommit(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		p := k.pipeline(t, setup{})
		shows := p.mirror()
		end := p.offer(p.totalOf("inside", 0))
		p.produce(p.totalOf("beside", 1))
		eventually(t, "the mirror is at work", func() bool { return shows("beside") })
		require.False(t, shows("inside"), "it is shown while its transaction is open")
		end(kgo.TryAbort)
		p.produce(p.totalOf("behind", 0))
		eventually(t, "the mirror has passed the aborted record", func() bool { return shows("behind") })
		require.False(t, shows("inside"), "it is shown though its transaction was aborted")
		p.offer(p.totalOf("inside", 0))(kgo.TryCommit)
		eventually(t, "what is committed is shown", func() bool { return shows("inside") })
	})
}

// mirror runs the mirror of the pipeline on a Redis of its own until the test ends, and says which
// experiments that shows.
func (p *pipeline) mirror() (shows func(experiment string) bool) {
	p.t.Helper()
	store := miniredis.RunT(p.t)
	client := redis.NewClient(&redis.Options{Addr: store.Addr()})
	p.t.Cleanup(func() { require.NoError(p.t, client.Close()) })
	var b topology.Builder
	mirror.Build(&b, mirror.Config{Prefix: p.prefix, Redis: client, Timeout: 10 * time.Second})
	topo, err := b.Build(p.prefix + "-mirror")
	require.NoError(p.t, err)
	app, err := worker.New(topo, worker.Config{Brokers: p.brokers, Workers: 1, Memory: true})
	require.NoError(p.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx) }()
	p.t.Cleanup(func() {
		cancel()
		require.NoError(p.t, <-done)
	})
	return func(experiment string) bool { return store.Exists(mirror.StatsKey(experiment)) }
}

// totalOf is a stats record of an experiment.
func (p *pipeline) totalOf(experiment string, partition int32) *kgo.Record {
	p.t.Helper()
	rec := &result.Record{V: result.Version, Experiment: experiment, Run: 1, ConfigVersion: 1, Grain: result.Total, Units: map[string]int64{"control": 1}}
	value, err := result.Codec.Append(nil, rec)
	require.NoError(p.t, err)
	return &kgo.Record{Topic: p.stats(), Partition: partition, Key: []byte(rec.Key()), Value: value}
}

// offer writes records in a transaction and leaves it open; end ends it.
func (p *pipeline) offer(records ...*kgo.Record) (end func(kgo.TransactionEndTry)) {
	p.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(p.brokers...), kgo.TransactionalID(p.prefix+"-offer"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(p.t, err)
	p.t.Cleanup(client.Close)
	require.NoError(p.t, client.BeginTransaction())
	ctx, cancel := p.context()
	defer cancel()
	require.NoError(p.t, client.ProduceSync(ctx, records...).FirstErr())
	return func(try kgo.TransactionEndTry) {
		ctx, cancel := p.context()
		defer cancel()
		require.NoError(p.t, client.EndTransaction(ctx, try))
	}
}
