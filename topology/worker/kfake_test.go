package worker

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// cluster is an in-process Kafka with the topics of the counting topology.
type cluster struct {
	t       testing.TB
	brokers []string
	client  *kgo.Client
	alive   atomic.Int32 // apps that run
}

const partitions = 4

func newCluster(t testing.TB) *cluster {
	t.Helper()
	c, _ := newFake(t)
	return c
}

// newFake gives the broker as well, for tests that interfere with what it answers.
func newFake(t testing.TB) (*cluster, *kfake.Cluster) {
	t.Helper()
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(time.Second), kfake.SeedTopics(partitions, "words", "counts"))
	require.NoError(t, err)
	t.Cleanup(fake.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return &cluster{t: t, brokers: fake.ListenAddrs(), client: client}, fake
}

// words produces n records; record i has the word i mod distinct.
func (c *cluster) words(from, n, distinct int) {
	c.t.Helper()
	var records []*kgo.Record
	for i := from; i < from+n; i++ {
		records = append(records, &kgo.Record{Topic: "words", Key: fmt.Appendf(nil, "w%d", i%distinct), Value: []byte("x")})
	}
	require.NoError(c.t, c.client.ProduceSync(context.Background(), records...).FirstErr())
}

// read are the committed records of a topic, up to its present end.
func (c *cluster) read(topic string) (all []*kgo.Record) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ends, err := kadm.NewClient(c.client).ListCommittedOffsets(ctx, topic)
	require.NoError(c.t, err)
	r, err := kgo.NewClient(kgo.SeedBrokers(c.brokers...), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())
	require.NoError(c.t, err)
	defer r.Close()
	at := map[int32]int64{}
	for !reached(ends, topic, at) {
		fetches := r.PollFetches(ctx)
		require.NoError(c.t, ctx.Err())
		fetches.EachRecord(func(rec *kgo.Record) {
			at[rec.Partition] = rec.Offset + 1
			if !rec.Attrs.IsControl() {
				all = append(all, rec)
			}
		})
	}
	return all
}

// last reads a topic, committed records only, to its end: the latest value per key.
func (c *cluster) last(topic string) map[string]int64 {
	c.t.Helper()
	last := map[string]int64{}
	for _, rec := range c.read(topic) {
		n := int64(binary.BigEndian.Uint64(rec.Value))
		require.Greater(c.t, n, last[string(rec.Key)], "a count comes twice or goes back")
		last[string(rec.Key)] = n
	}
	return last
}

func reached(ends kadm.ListedOffsets, topic string, at map[int32]int64) bool {
	ok := true
	ends.Each(func(o kadm.ListedOffset) { ok = ok && at[o.Partition] >= o.Offset })
	return ok
}

func sum(m map[string]int64) (total int64) {
	for _, n := range m {
		total += n
	}
	return total
}

// counter counts records by key in a table and forwards each new count at the flush.
type counter struct {
	ctx     topology.Context
	out     topology.Forward[string, int64]
	store   string // default counted
	changed map[string]int64
}

func (c *counter) Init(ctx topology.Context) error {
	c.ctx, c.changed = ctx, map[string]int64{}
	if c.store == "" {
		c.store = "counted"
	}
	ctx.OnFlush(func() error {
		for key, n := range c.changed {
			if err := c.out(&topology.Record[string, int64]{Key: key, Value: n}); err != nil {
				return err
			}
		}
		clear(c.changed)
		return nil
	})
	return nil
}

func (c *counter) Process(rec *topology.Record[string, string]) error {
	table := c.ctx.Table(c.store)
	row, ok, err := table.Get([]byte(rec.Key))
	if err != nil {
		return err
	}
	n := int64(1)
	if ok {
		n += int64(binary.BigEndian.Uint64(row))
	}
	table.Put([]byte(rec.Key), binary.BigEndian.AppendUint64(nil, uint64(n)))
	c.changed[rec.Key] = n
	return nil
}

// counting counts words behind a repartition topic: two sub-topologies, two hops.
func counting(t testing.TB, app string) *topology.Topology {
	t.Helper()
	var b topology.Builder
	words := topology.From(&b, "words", codecs.String, codecs.String)
	again := topology.Repartition(words, "again")
	counts := topology.Process(again, "count", topology.Needs{Stores: []topology.Store{{Name: "counted"}}},
		func(out topology.Forward[string, int64]) topology.Processor[string, string] {
			return &counter{out: out}
		})
	topology.To(topology.WithCodecs(counts, codecs.String, codecs.Int64), "counts")
	topo, err := b.Build(app)
	require.NoError(t, err)
	return topo
}

// startApp runs an app until the returned stop is called; stop waits and gives Run's error.
func (c *cluster) startApp(app string, cfg Config) (stop func() error) {
	c.t.Helper()
	cfg.Brokers = c.brokers
	if cfg.Logger == nil {
		cfg.Logger = zaptest.NewLogger(c.t, zaptest.Level(zap.WarnLevel))
	}
	a, err := New(counting(c.t, app), cfg)
	require.NoError(c.t, err)
	return c.start(a)
}

// start runs an app as startApp does.
func (c *cluster) start(a *App) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	c.alive.Add(1)
	go func() {
		err := a.Run(ctx)
		c.alive.Add(-1)
		done <- err
	}()
	stopped := false
	stop = func() error {
		stopped = true
		cancel()
		return <-done
	}
	c.t.Cleanup(func() {
		if !stopped {
			_ = stop()
		}
	})
	return stop
}

// eventually waits until that many words are counted. One too many, or no app that could count, ends the wait.
func (c *cluster) eventually(want int64) {
	c.t.Helper()
	var got int64
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		alive := c.alive.Load()
		if got = sum(c.last("counts")); got == want {
			return
		}
		require.Less(c.t, got, want, "more is counted than there is")
		require.NotZero(c.t, alive, "every app has ended by itself")
	}
	require.Equal(c.t, want, got, "counted after a minute")
}

// counted counts the commits of an app.
type counted struct{ commits atomic.Int64 }

func (n *counted) hooks() Hooks {
	return Hooks{Committed: func(int, int, time.Duration) { n.commits.Add(1) }}
}

// How long a condition may take to come true, and how often it is looked at.
const waitLimit, tick = 30 * time.Second, 10 * time.Millisecond

// incompressible gives n bytes that no codec makes fewer.
func incompressible(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	return b
}
