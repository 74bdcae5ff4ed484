package worker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
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

// fetching counts the fetches that a client has had answered.
type fetching struct{ n atomic.Int64 }

func (f *fetching) OnBrokerE2E(_ kgo.BrokerMetadata, key int16, _ kgo.BrokerE2E) {
	if key == kmsg.Fetch.Int16() {
		f.n.Add(1)
	}
}

// looking is a node that has a global table.
type looking struct {
	topology.Forward[string, string]
}

func (looking) Init(ctx topology.Context) error {
	ctx.OnGlobal("regions", func(topology.GlobalRow) error { return nil })
	return nil
}

func (l looking) Process(rec *topology.Record[string, string]) error { return l.Forward(rec) }

// A global table that has nothing new is waited for on a client of its own: a restore would else wait
// behind it, as a broker answers the fetches of one client in turn.
func TestWaitingForAGlobalTableHoldsUpNoRestore(t *testing.T) {
	c := newCluster(t)
	var b topology.Builder
	in := topology.From(&b, "words", codecs.String, codecs.String)
	topology.Process(in, "look", topology.Needs{Globals: []string{"regions"}}, func(out topology.Forward[string, string]) topology.Processor[string, string] {
		return looking{out}
	})
	topo, err := b.Build("app")
	require.NoError(t, err)
	var tables, restores fetching
	a, err := New(topo, Config{Brokers: c.brokers, Workers: 1, Memory: true, Hooks: Hooks{Client: func(name string) []kgo.Hook {
		return map[string][]kgo.Hook{"app-global-regions": {&tables}, "app": {&restores}}[name]
	}}})
	require.NoError(t, err)
	c.start(a)
	require.Eventually(t, func() bool { return tables.n.Load() >= 2 }, 20*time.Second, 10*time.Millisecond, "nobody waits for news of the table")
	require.Zero(t, restores.n.Load(), "there was nothing to restore")
}

// A global table whose leader moves while an app starts is read from the next one: that is no reason
// to stop.
func TestAGlobalTableIsReadThoughItsLeaderMoves(t *testing.T) {
	c, fake := newFake(t)
	require.NoError(t, fake.CreateTopic("settings", 1, nil))
	c.settings("v")
	topo, seen := following(t)
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

// A global table whose log begins later than at its first offset, or has left its reader behind, is read from the start that
// there is.
func TestAGlobalTableIsReadFromTheStartOfItsLog(t *testing.T) {
	c, fake := newFake(t)
	require.NoError(t, fake.CreateTopic("settings", 1, nil))
	c.settings("deleted", "deleted", "kept")
	require.NoError(t, fake.DeleteRecords("settings", 0, 2))
	topo, seen := following(t)
	log, told := said()
	next := func() string {
		select {
		case v := <-seen:
			return v
		case <-time.After(waitLimit):
			return "nothing"
		}
	}
	c.begin(topo, Config{Workers: 1, Memory: true, Logger: log})
	for range partitions {
		require.Equal(t, "kept", next(), "each task has the row")
	}
	fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "settings", Err: kerr.OffsetOutOfRange, Count: 1})
	c.settings("new")
	rows := map[string]int{}
	for rows["new"] < partitions {
		v := next()
		require.NotEqual(t, "nothing", v, "seen are %v", rows)
		rows[v]++
	}
	require.Eventually(t, func() bool { return told("it is read anew", "OFFSET_OUT_OF_RANGE") }, waitLimit, tick)
	require.NotContains(t, rows, "deleted")
}

// A global table keeps the newest row of each key, in the order in which they were written; who follows it misses none of them
// wherever it begins.
func TestAGlobalTableForgetsRowsThatWereReplaced(t *testing.T) {
	const keys, writes = 7, 20_000
	table := globalTable{newest: map[string]int{}}
	want, random := map[string]string{}, rand.New(rand.NewPCG(1, 2))
	place, followed := 0, map[string]string{}
	take := func(rows map[string]string, number int) int {
		for _, row := range table.since(number) {
			require.GreaterOrEqual(t, row.number, number)
			rows[string(row.Key)], number = string(row.Value), row.number+1
		}
		return number
	}
	for i := range writes {
		key, value := fmt.Sprint(random.IntN(keys)), fmt.Sprint(i)
		want[key] = value
		table.add(topology.GlobalRow{Key: []byte(key), Value: []byte(value)})
		if random.IntN(300) == 0 {
			place = take(followed, place)
			require.Equal(t, want, followed)
		}
	}
	require.LessOrEqual(t, len(table.rows), 2*keys+replacedRows)
	all := map[string]string{}
	require.Equal(t, writes, take(all, 0))
	require.Equal(t, want, all)
	require.Empty(t, table.since(writes))
}

// settings produces values of one key of the global table that following reads.
func (c *cluster) settings(values ...string) {
	c.t.Helper()
	for _, v := range values {
		require.NoError(c.t, c.client.ProduceSync(context.Background(), &kgo.Record{Topic: "settings", Key: []byte("k"), Value: []byte(v)}).FirstErr())
	}
}

// following has a follower of the settings in each task, and tells what they see.
func following(t *testing.T) (*topology.Topology, chan string) {
	t.Helper()
	var b topology.Builder
	words := topology.From(&b, "words", codecs.String, codecs.String)
	seen := make(chan string, 100)
	topology.Process(words, "follow", topology.Needs{Globals: []string{"settings"}}, func(topology.Forward[string, string]) topology.Processor[string, string] {
		return &follower{seen: seen}
	})
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo, seen
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
