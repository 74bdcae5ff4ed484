package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
)

func containsText(s, part string) bool { return strings.Contains(s, part) }

// runs runs an app until it fails.
func (c *cluster) runs(cfg Config) error {
	c.t.Helper()
	cfg.Brokers = c.brokers
	a, err := New(counting(c.t, "app"), cfg)
	require.NoError(c.t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return a.Run(ctx)
}

// Committed offsets without the state that they stand for: going on would lose all before them. It
// is told of any changelog, whether or not this process has a copy of what it held.
func TestRefusesOffsetsWithoutState(t *testing.T) {
	for _, topic := range []string{"app-counted-changelog", "app-counted-task-changelog"} {
		for _, memory := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s memory %v", topic, memory), func(t *testing.T) {
				t.Parallel()
				c := newCluster(t)
				cfg := Config{Workers: 1, Memory: memory, StateDir: t.TempDir()}
				stop := c.startApp("app", cfg)
				c.words(0, 300, 13)
				c.eventually(300)
				require.NoError(t, stop())
				_, err := kadm.NewClient(c.client).DeleteTopics(context.Background(), topic)
				require.NoError(t, err)
				err = c.runs(cfg)
				require.ErrorContains(t, err, "changelog "+topic+" was deleted and created again")
				require.ErrorContains(t, err, "abacus topics reset")
			})
		}
	}
}

// The operator resets an app and forgets the state directory of one process. The new changelogs have
// grown beyond what that state contains, and still it is of others.
func TestStateOfDeletedChangelogsIsRebuilt(t *testing.T) {
	c := newCluster(t)
	dir := t.TempDir()
	stop := c.startApp("app", Config{Workers: 1, StateDir: dir})
	c.words(0, 300, 13)
	c.eventually(300)
	require.NoError(t, stop())
	c.reset("app")
	stop = c.startApp("app", Config{Workers: 1, Memory: true, CommitEvery: time.Millisecond})
	for i := range 10 {
		c.words(i*100, 100, 5)
		c.eventually(int64(100 * (i + 1)))
	}
	require.NoError(t, stop())
	log, said := said()
	c.startApp("app", Config{Workers: 1, StateDir: dir, Logger: log})
	c.words(0, 130, 13)
	c.eventually(1130)
	require.True(t, said("state is rebuilt", "another topic"))
}

// reset does what abacus topics reset does, and empties the input and the output.
func (c *cluster) reset(app string) {
	c.t.Helper()
	ctx, admin := context.Background(), kadm.NewClient(c.client)
	ends, err := admin.ListEndOffsets(ctx, "words")
	require.NoError(c.t, err)
	_, err = admin.DeleteRecords(ctx, ends.Offsets())
	require.NoError(c.t, err)
	_, err = admin.DeleteGroups(ctx, app)
	require.NoError(c.t, err)
	gone := []string{"counts", app + "-again-repartition"}
	for _, sub := range counting(c.t, app).Subs {
		for _, def := range sub.Stores {
			gone = append(gone, sub.Changelog(def))
		}
	}
	deleted, err := admin.DeleteTopics(ctx, gone...)
	require.NoError(c.t, err)
	require.NoError(c.t, deleted.Error())
	_, err = admin.CreateTopic(ctx, partitions, 1, nil, "counts")
	require.NoError(c.t, err)
}

// Records that retention removes before they are processed are not passed over in silence.
func TestRefusesAGapBeforeTheCommittedOffset(t *testing.T) {
	c := newCluster(t)
	stop := c.startApp("app", Config{Workers: 1, Memory: true})
	c.words(0, 300, 13)
	c.eventually(300)
	require.NoError(t, stop())
	c.words(300, 300, 13)
	admin := kadm.NewClient(c.client)
	ends, err := admin.ListEndOffsets(context.Background(), "words")
	require.NoError(t, err)
	_, err = admin.DeleteRecords(context.Background(), ends.Offsets())
	require.NoError(t, err)
	err = c.runs(Config{Workers: 1, Memory: true})
	require.ErrorContains(t, err, "deleted before they were processed")
	require.ErrorContains(t, err, "words/")
}

// Where the app says so it goes on without them, and says how many it has passed over. It is one time
// only: what it has committed after that lies in the log.
func TestGoesOnBehindWhatIsLost(t *testing.T) {
	for _, lost := range []Lost{Earliest, Latest} {
		c := newCluster(t)
		counters := map[string]int64{}
		cfg := Config{Workers: 1, StateDir: t.TempDir(), Policies: Policies{Lost: lost}, Hooks: Hooks{Counted: func(name string, n int64) { counters[name] += n }}}
		stop := c.startApp("app", cfg)
		c.words(0, 300, 13)
		c.eventually(300)
		require.NoError(t, stop())
		c.words(300, 100, 13)
		admin := kadm.NewClient(c.client)
		ends, err := admin.ListEndOffsets(context.Background(), "words")
		require.NoError(t, err)
		_, err = admin.DeleteRecords(context.Background(), ends.Offsets())
		require.NoError(t, err)
		c.words(400, 50, 13)
		log, said := said()
		cfg.Logger = log
		stop = c.startApp("app", cfg)
		want := int64(350)
		if lost == Latest {
			want = 300
			require.Eventually(t, func() bool { return c.committed("words") == 450 }, waitLimit, tick)
		}
		c.eventually(want)
		c.words(450, 100, 13)
		c.eventually(want + 100)
		require.NoError(t, stop())
		require.True(t, said("deleted before they were processed", ""))
		require.EqualValues(t, 450-want, counters["lost_offsets_total"])
		stop = c.startApp("app", cfg)
		c.words(550, 100, 13)
		c.eventually(want + 200)
		require.NoError(t, stop())
		require.EqualValues(t, 450-want, counters["lost_offsets_total"], "counted once")
	}
}

// committed is the sum of the group's offsets of a topic.
func (c *cluster) committed(topic string) (sum int64) {
	c.t.Helper()
	offsets, err := kadm.NewClient(c.client).FetchOffsets(context.Background(), "app")
	if errors.Is(err, kerr.GroupIDNotFound) {
		return 0 // nobody has joined yet
	}
	require.NoError(c.t, err)
	offsets.Each(func(o kadm.OffsetResponse) {
		if o.Topic == topic && o.At > 0 {
			sum += o.At
		}
	})
	return sum
}

// A record that its topic does not take would be made and refused for ever.
func TestARecordTooLargeForItsTopicStops(t *testing.T) {
	c := newCluster(t)
	_, err := kadm.NewClient(c.client).AlterTopicConfigs(context.Background(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: kadm.StringPtr("2000")}}, "counts")
	require.NoError(t, err)
	long := bytes.Repeat([]byte("long "), 500)
	require.NoError(t, c.client.ProduceSync(context.Background(), &kgo.Record{Topic: "words", Key: long, Value: []byte("x")}).FirstErr())
	err = c.runs(Config{Workers: 1, Memory: true})
	for _, part := range []string{"counts/", `key "long long`, "of 2500 bytes", "the topic took 2000 bytes", "max.message.bytes", "failed 5 times"} {
		require.ErrorContains(t, err, part)
	}
}

// State without the offsets it reflects.
func TestRefusesStateWithoutOffsets(t *testing.T) {
	c := newCluster(t)
	stop := c.startApp("app", Config{Workers: 1, Memory: true})
	c.words(0, 300, 13)
	c.eventually(300)
	require.NoError(t, stop())
	_, err := kadm.NewClient(c.client).DeleteGroups(context.Background(), "app")
	require.NoError(t, err)
	require.ErrorContains(t, c.runs(Config{Workers: 1, Memory: true}), "abacus topics reset")
}

func TestRefusesAMissingSink(t *testing.T) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, "words"))
	require.NoError(t, err)
	t.Cleanup(fake.Close)
	c := &cluster{t: t, brokers: fake.ListenAddrs()}
	require.ErrorContains(t, c.runs(Config{Workers: 1, Memory: true}), "sink topic counts does not exist")
}

func TestRefusesTransactionsOfTheOldProtocol(t *testing.T) {
	c := newCluster(t)
	_, err := kadm.NewClient(c.client).UpdateFeatures(context.Background(), false, kadm.FeatureUpdate{Feature: "transaction.version", MaxVersionLevel: 1, UpgradeType: 2})
	require.NoError(t, err)
	require.ErrorContains(t, c.runs(Config{Workers: 1, Memory: true}), "transaction.version")
}

// stillborn is a processor that cannot begin, as one that cannot read its rows.
type stillborn struct{}

func (stillborn) Init(topology.Context) error                    { return errors.New("a row is malformed") }
func (stillborn) Process(*topology.Record[string, string]) error { return nil }

// A task that can never begin stops the app, so that somebody sees it and its partitions are not held.
func TestStopsWhenATaskCannotBegin(t *testing.T) {
	c := newCluster(t)
	var b topology.Builder
	topology.Process(topology.From(&b, "words", codecs.String, codecs.String), "stillborn", topology.Needs{},
		func(topology.Forward[string, string]) topology.Processor[string, string] { return stillborn{} })
	topo, err := b.Build("app")
	require.NoError(t, err)
	a, err := New(topo, Config{Brokers: c.brokers, Workers: 1, Memory: true})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	require.ErrorContains(t, a.Run(ctx), "failed 5 times in the same way")
}

// misnaming is a processor whose Init panics, as by the name of a table that it has not declared.
type misnaming struct{ stillborn }

func (misnaming) Init(ctx topology.Context) error {
	ctx.Table("typo")
	return nil
}

// A panic of the user's ends Run with an error that names its place, and not the process.
func TestPanicsEndRun(t *testing.T) {
	run := func(c *cluster, topo *topology.Topology, cfg Config) error {
		cfg.Brokers, cfg.Workers, cfg.Memory = c.brokers, 1, true
		a, err := New(topo, cfg)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		return a.Run(ctx)
	}
	var b topology.Builder
	topology.Process(topology.From(&b, "words", codecs.String, codecs.String), "panicking", topology.Needs{},
		func(topology.Forward[string, string]) topology.Processor[string, string] { return misnaming{} })
	topo, err := b.Build("app")
	require.NoError(t, err)
	err = run(newCluster(t), topo, Config{})
	require.ErrorContains(t, err, `panic: init of "panicking": task 0_`)
	require.ErrorContains(t, err, `store "typo" is not declared in Needs.Stores`)

	c := newCluster(t)
	c.words(0, 10, 1)
	require.ErrorContains(t, run(c, counting(t, "app"), Config{Hooks: Hooks{Committed: func(int, int, time.Duration) { panic("hook boom") }}}), "panic: hook boom")
}

// No broker at the start is most often an address.
func TestNoBrokerAnswers(t *testing.T) {
	a, err := New(counting(t, "app"), Config{Brokers: []string{"127.0.0.1:1"}, Memory: true})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	require.ErrorContains(t, a.Run(ctx), "no broker of [127.0.0.1:1] answers: check Config.Brokers")
}

// A store is not trusted whose rows were in the log too long ago, where what follows them there is older than the deletions
// that a changelog keeps.
func TestAStoreBehindOldDeletionsIsStale(t *testing.T) {
	c := newCluster(t)
	a := &App{client: c.client, topics: &topics{byAppend: map[string]bool{}}}
	for i := range 10 {
		age := 48 * time.Hour
		if i >= 5 {
			age = time.Hour
		}
		rec := &kgo.Record{Topic: "words", Partition: 0, Value: []byte("x"), Timestamp: time.Now().Add(-age)}
		require.NoError(t, c.manual().ProduceSync(context.Background(), rec).FirstErr())
	}
	old, young := time.Now().Add(-trusted-time.Minute).UnixMilli(), time.Now().Add(-trusted+time.Minute).UnixMilli()
	changelog, table := topology.Store{}, topology.Store{SourceTopic: "words"}
	windows := topology.Store{Retention: 1}
	for _, x := range []struct {
		def       topology.Store
		guarantee Guarantee
		byAppend  bool
		asOf      int64
		next, end int64
		stale     bool
	}{
		{def: changelog, next: 1, end: 10, stale: true},
		{def: changelog, next: 4, end: 10, stale: true},
		{def: changelog, next: 5, end: 10},
		{def: changelog, next: 10, end: 10},
		{def: changelog, next: 0, end: 10},
		{def: changelog, next: 4, end: 5}, // the marker of a transaction
		{def: changelog, next: 3, end: 5, stale: true},
		{def: changelog, guarantee: AtLeastOnce, next: 4, end: 5, stale: true},
		{def: changelog, asOf: old, next: 1, end: 10, stale: true},
		{def: changelog, asOf: young, next: 1, end: 10},
		{def: windows, next: 1, end: 10},
		{def: table, next: 4, end: 5, stale: true},
		{def: table, asOf: young, next: 1, end: 10}, // the timestamps are anybody's
		{def: table, asOf: young, byAppend: true, next: 1, end: 10, stale: true},
		{def: table, asOf: old, byAppend: true, next: 5, end: 10},
	} {
		store := memory.New().Store("s")
		var b state.Batch
		b.SetCheckpoint(state.Checkpoint{ChangelogOffset: x.next, AsOf: x.asOf})
		require.NoError(t, store.Apply(&b))
		a.cfg.Guarantee, a.topics.byAppend["words"] = x.guarantee, x.byAppend
		from, err := a.trust(context.Background(), store, x.def, place{topic: "words"}, x.end)
		require.Equal(t, x.stale, errors.Is(err, errUntrusted), "%+v: %v", x, err)
		if !x.stale {
			require.NoError(t, err)
			require.Equal(t, x.next, from.ChangelogOffset)
		}
	}
}

func (c *cluster) manual() *kgo.Client {
	client, err := kgo.NewClient(kgo.SeedBrokers(c.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(c.t, err)
	c.t.Cleanup(client.Close)
	return client
}

// Tasks without input are idle though another of the same worker never rests; and their first
// transaction commits an offset, without which it would not be fenced.
func TestASilentTaskIsIdleBesideABusyOne(t *testing.T) {
	c := newCluster(t)
	c.startApp("app", Config{Workers: 1, Memory: true, IdleAfter: 300 * time.Millisecond})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	reader, err := kgo.NewClient(kgo.SeedBrokers(c.brokers...), kgo.ConsumeTopics("app-again-repartition"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer reader.Close()
	idle := map[int]bool{}
	for i := 0; len(idle) < partitions-1; i++ {
		require.NoError(t, ctx.Err(), "idle are only %v", idle)
		c.words(i, 1, 1) // all of one partition
		poll, done := context.WithTimeout(ctx, 20*time.Millisecond)
		reader.PollFetches(poll).EachRecord(func(r *kgo.Record) {
			if w, err := topology.ParseWatermark(r.Value); err == nil && w.Idle {
				idle[w.Task] = true
			}
		})
		done()
	}
	require.Eventually(t, func() bool {
		offsets, err := kadm.NewClient(c.client).FetchOffsets(ctx, "app")
		committed := 0
		offsets.Each(func(o kadm.OffsetResponse) {
			if o.Topic == "words" && o.At >= 0 {
				committed++
			}
		})
		return err == nil && committed == partitions
	}, 10*time.Second, 10*time.Millisecond, "a task has committed nothing")
}
