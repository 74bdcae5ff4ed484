package query_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/query"
	"github.com/abacus-stream/abacus/topology/worker"
)

// clicks is a Kafka with clicks and prices, each at a second of an hour ago.
type clicks struct {
	t       *testing.T
	brokers []string
	client  *kgo.Client
	start   time.Time
}

func newClicks(t *testing.T) *clicks {
	t.Helper()
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, "clicks", "prices", "pages"))
	require.NoError(t, err)
	t.Cleanup(fake.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return &clicks{t, fake.ListenAddrs(), client, time.Now().Add(-time.Hour).Truncate(time.Minute)}
}

func (c *clicks) at(second int) time.Time { return c.start.Add(time.Duration(second) * time.Second) }

func (c *clicks) put(topic, key, value string, seconds ...int) {
	c.t.Helper()
	var records []*kgo.Record
	for _, s := range seconds {
		records = append(records, &kgo.Record{Topic: topic, Key: []byte(key), Value: []byte(value), Timestamp: c.at(s)})
	}
	require.NoError(c.t, c.client.ProduceSync(context.Background(), records...).FirstErr())
}

// build declares a store of each kind; nothing closes within a day.
func (c *clicks) build() *topology.Builder {
	var b topology.Builder
	in := topology.From(&b, "clicks", codecs.String, codecs.String)
	const grace = 24 * time.Hour
	processors.Count(in, "clicked")
	processors.CountWindows(processors.Window(in, processors.Tumbling{Size: 10 * time.Second, Grace: grace}), "tens")
	processors.CountWindows(processors.Window(in, processors.Hopping{Size: 10 * time.Second, Advance: 5 * time.Second, Grace: grace}), "hops")
	processors.CountWindows(processors.Window(in, processors.Session{Gap: 5 * time.Second, Grace: grace}), "visits")
	prices := topology.From(&b, "prices", codecs.String, codecs.String)
	processors.ToVersionedTable(prices, "price", grace)
	return &b
}

// windows prints entries as key@start+length value, in seconds.
func (c *clicks) windows(all iter.Seq2[query.Entry[string, int64], error]) (lines []string) {
	c.t.Helper()
	for e, err := range all {
		require.NoError(c.t, err)
		from := time.UnixMilli(e.Start).Sub(c.start)
		lines = append(lines, fmt.Sprintf("%s@%v+%dms %d", e.Key, from, e.End-e.Start, e.Value))
	}
	return lines
}

func (c *clicks) store(app *worker.App, name string) *worker.Store {
	c.t.Helper()
	s, err := app.Store(name)
	require.NoError(c.t, err)
	return s
}

// counted waits until an app has counted so many clicks of a key.
func (c *clicks) counted(app *worker.App, key string, n int64) {
	c.t.Helper()
	counts := query.Keys(c.store(app, "clicked"), codecs.String, codecs.Int64)
	require.Eventually(c.t, func() bool {
		got, _, err := counts.Get(c.t.Context(), key)
		return err == nil && got == n
	}, 30*time.Second, 10*time.Millisecond)
}

func TestViewsAreTyped(t *testing.T) {
	c := newClicks(t)
	app, _, _ := serve(t, c.build(), worker.Config{Brokers: c.brokers}, false)
	c.put("clicks", "ann", "x", 1, 2, 12, 40)
	c.put("clicks", "bob", "x", 3)
	c.counted(app, "ann", 4)
	c.counted(app, "bob", 1)
	ctx := t.Context()

	counts := query.Keys(c.store(app, "clicked"), codecs.String, codecs.Int64)
	all := map[string]int64{}
	for e, err := range counts.All(ctx) {
		require.NoError(t, err)
		all[e.Key] = e.Value
	}
	require.Equal(t, map[string]int64{"ann": 4, "bob": 1}, all)
	for e, err := range counts.Range(ctx, "anna", "bobby") {
		require.NoError(t, err)
		require.Equal(t, query.Entry[string, int64]{Key: "bob", Value: 1}, e)
	}
	_, ok, err := counts.Get(ctx, "cid")
	require.NoError(t, err)
	require.False(t, ok)

	tens := query.Windows(c.store(app, "tens"), codecs.String, codecs.Int64)
	require.Equal(t, []string{"ann@0s+10000ms 2", "ann@10s+10000ms 1", "ann@40s+10000ms 1"}, c.windows(tens.Fetch(ctx, "ann", time.Time{}, time.Time{})))
	require.Equal(t, []string{"ann@10s+10000ms 1"}, c.windows(tens.Fetch(ctx, "ann", c.at(1), c.at(40))))
	require.ElementsMatch(t, []string{"ann@0s+10000ms 2", "bob@0s+10000ms 1"}, c.windows(tens.FetchAll(ctx, c.at(0), c.at(10))))
	n, ok, err := tens.Get(ctx, "ann", c.at(0))
	require.NoError(t, err)
	require.True(t, ok)
	require.EqualValues(t, 2, n)

	hops := query.Windows(c.store(app, "hops"), codecs.String, codecs.Int64)
	require.Equal(t, []string{"ann@-5s+10000ms 2", "ann@0s+10000ms 2", "ann@5s+10000ms 1", "ann@10s+10000ms 1", "ann@35s+10000ms 1", "ann@40s+10000ms 1"},
		c.windows(hops.Fetch(ctx, "ann", time.Time{}, time.Time{})))
	visits := query.Windows(c.store(app, "visits"), codecs.String, codecs.Int64)
	require.Equal(t, []string{"ann@1s+1001ms 2", "ann@12s+1ms 1", "ann@40s+1ms 1"}, c.windows(visits.Fetch(ctx, "ann", time.Time{}, time.Time{})))
	_, ok, err = visits.Get(ctx, "ann", c.at(2))
	require.NoError(t, err)
	require.False(t, ok)
}

// What a codec refuses is named, and so is a view of the wrong kind.
func TestViewsSayWhatDoesNotFit(t *testing.T) {
	c := newClicks(t)
	app, _, _ := serve(t, c.build(), worker.Config{Brokers: c.brokers}, false)
	c.put("clicks", "ann", "x", 1)
	c.counted(app, "ann", 1)
	ctx := t.Context()
	refused := errors.New("not this one")
	picky := refusing{codecs.String, refused}
	counted := c.store(app, "clicked")
	_, _, err := query.Keys[string, int64](counted, picky, codecs.Int64).Get(ctx, "ann")
	require.ErrorIs(t, err, refused)
	require.ErrorContains(t, err, `store clicked: key ann`)
	for _, all := range []iter.Seq2[query.Entry[string, int64], error]{
		query.Keys[string, int64](counted, picky, codecs.Int64).Range(ctx, "a", "b"),
		query.Windows[string, int64](counted, picky, codecs.Int64).Fetch(ctx, "ann", time.Time{}, time.Time{}),
	} {
		for _, err := range all {
			require.ErrorIs(t, err, refused)
		}
	}
	lists := query.Keys(counted, codecs.String, codecs.JSON[[]string]())
	_, _, err = lists.Get(ctx, "ann")
	require.ErrorContains(t, err, `store clicked: value of key "ann"`)
	rows := 0
	for _, err := range lists.All(ctx) {
		rows++
		require.ErrorContains(t, err, `store clicked: value of key "ann"`)
	}
	require.Equal(t, 1, rows)
	for _, err := range query.Keys(counted, codecs.Int64, codecs.Int64).All(ctx) {
		require.ErrorContains(t, err, `store clicked: key "ann"`)
	}
	for _, err := range query.Windows(counted, codecs.String, codecs.Int64).FetchAll(ctx, time.Time{}, time.Time{}) {
		require.ErrorContains(t, err, "the store has no windows")
	}
	_, _, err = counted.GetAsOf(ctx, []byte("ann"), c.at(0))
	require.ErrorIs(t, err, worker.ErrNotVersioned)
	_, _, err = c.store(app, "tens").Get(ctx, []byte("ann"))
	require.ErrorIs(t, err, state.ErrKey)
}

// A merge that panics fails who reads, and nobody else.
func TestAReadThatPanicsEndsNoApp(t *testing.T) {
	c := newClicks(t)
	b := c.build()
	hops := processors.Window(topology.From(b, "pages", codecs.String, codecs.String), processors.Hopping{
		Size: 10 * time.Second, Advance: 5 * time.Second, Grace: 24 * time.Hour, Emit: processors.OnClose,
	})
	processors.ReduceWindows(hops, "panics", func(string, string) string { panic("not these two") })
	app, _, _ := serve(t, b, worker.Config{Brokers: c.brokers}, false)
	c.put("pages", "ann", "1", 1, 6)
	panics := query.Windows(c.store(app, "panics"), codecs.String, codecs.String)
	require.Eventually(t, func() bool {
		for _, err := range panics.Fetch(t.Context(), "ann", c.at(0), time.Time{}) {
			return err != nil && strings.Contains(err.Error(), "panic: not these two")
		}
		return false
	}, 30*time.Second, 10*time.Millisecond)
	c.put("clicks", "ann", "x", 1)
	c.counted(app, "ann", 1)
}

// refusing takes no key.
type refusing struct {
	codecs.Codec[string]
	err error
}

func (r refusing) Append(dst []byte, _ string) ([]byte, error) { return dst, r.err }

// A page of a store has all that its last row shows, so that none is lost or comes twice.
func TestManySessionsOfManyKeys(t *testing.T) {
	c := newClicks(t)
	app, _, _ := serve(t, c.build(), worker.Config{Brokers: c.brokers}, false)
	const keys, visits = 700, 3
	var records []*kgo.Record
	for k := range keys {
		for v := range visits {
			records = append(records, &kgo.Record{Topic: "clicks", Key: fmt.Appendf(nil, "key %d", k), Value: []byte("x"), Timestamp: c.at(20 * v)})
		}
	}
	require.NoError(t, c.client.ProduceSync(t.Context(), records...).FirstErr())
	for k := range keys {
		c.counted(app, fmt.Sprintf("key %d", k), visits)
	}
	for _, name := range []string{"visits", "tens"} {
		seen := map[string]int{}
		for e, err := range query.Windows(c.store(app, name), codecs.String, codecs.Int64).FetchAll(t.Context(), c.at(0), time.Time{}) {
			require.NoError(t, err)
			seen[fmt.Sprint(e.Key, e.Start)]++
		}
		require.Len(t, seen, keys*visits, name)
		for window, n := range seen {
			require.Equal(t, 1, n, window)
		}
	}
}
