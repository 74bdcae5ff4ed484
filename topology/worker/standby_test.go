package worker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// cord is the network of one instance. Once cut, nothing of the instance reaches the cluster any more, as after kill -9.
type cord struct {
	mu    sync.Mutex
	conns []net.Conn
	cut   bool
}

func (c *cord) dial(ctx context.Context, network, host string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, host)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		return nil, errors.Join(errCrash, conn.Close())
	}
	c.conns = append(c.conns, conn)
	return conn, nil
}

func (c *cord) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	for _, conn := range c.conns {
		_ = conn.Close()
	}
}

// replayed counts what the restores of an app replay, and keeps the last report of its first worker.
type replayed struct {
	records, most atomic.Int64
	report        atomic.Pointer[Report]
}

// told says whether so many standbys are told of, all of them up to date after some records.
func (r *replayed) told(standbys int) bool {
	told := r.report.Load()
	return told != nil && len(told.Standbys) == standbys && !slices.ContainsFunc(told.Standbys, func(s StandbyReport) bool {
		return s.Lag != 0 || s.Records == 0 || s.Sub == ""
	})
}

func (r *replayed) hooks() Hooks {
	return Hooks{Reported: func(told Report) { r.report.Store(&told) }, Restored: func(_ topology.TaskID, _ string, records int, left int64) {
		r.records.Add(int64(records))
		r.most.Store(max(r.most.Load(), int64(records)+left))
	}}
}

// stands waits until an app keeps that many standbys and none of them lacks anything.
func (c *cluster) stands(a *App, want int) (reports []StandbyReport) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		reports = a.copies.reports()
		for _, r := range reports {
			if r.Lag != 0 {
				return false
			}
		}
		return len(reports) == want
	}, 30*time.Second, 20*time.Millisecond, "standbys")
	return reports
}

// An instance that dies is followed by the one that has its standbys, which replays no more than the tail.
func TestAStandbyTakesOver(t *testing.T) {
	for _, memory := range []bool{true, false} {
		t.Run(fmt.Sprintf("memory %v", memory), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			c.words(0, 5000, 4000)
			var life cord
			var second replayed
			cfg := Config{Workers: 1, Memory: memory, Standbys: 1, Session: 4 * time.Second}
			cfg.StateDir, cfg.Dial = t.TempDir(), life.dial
			one, stopOne := c.run(cfg)
			c.eventually(5000)
			cfg.StateDir, cfg.Dial, cfg.Hooks = t.TempDir(), nil, second.hooks()
			two, _ := c.run(cfg)
			c.held(c.counts(two), partitions/2)
			c.stands(one, partitions)
			c.stands(two, partitions)
			c.words(5000, 1000, 4000)
			c.eventually(6000)
			c.apart(one, two)
			require.Eventually(t, func() bool { return second.told(partitions) }, 10*time.Second, 20*time.Millisecond, "the standbys are not told of")
			c.stands(two, partitions)
			before := second.records.Load()
			life.kill()
			began := time.Now()
			c.words(6000, 100, 4000)
			c.eventually(6100)
			t.Logf("took over within %s, records replayed: %d", time.Since(began), second.records.Load()-before)
			require.Less(t, second.records.Load()-before, int64(100), "the tasks were restored in place")
			c.held(c.counts(two), partitions)
			require.Equal(t, c.last("counts"), countsIn(t, c.counts(two), Span{}))
			_ = stopOne()
		})
	}
}

// apart checks that each task is in one of two instances, and its standby in the other.
func (c *cluster) apart(one, two *App) {
	c.t.Helper()
	for _, a := range []*App{one, two} {
		require.Eventually(c.t, func() bool { // a standby whose task has come ends within a round
			return !slices.ContainsFunc(a.copies.reports(), func(r StandbyReport) bool { return a.desk.has(r.ID) })
		}, 10*time.Second, 10*time.Millisecond, "a task has its standby beside it")
	}
	for sub := range one.topo.Subs {
		for p := range partitions {
			require.NotEqual(c.t, one.desk.has(at(sub, p)), two.desk.has(at(sub, p)), "task %d_%d", sub, p)
		}
	}
}

// stalls keeps a client from reading records for a while.
type stalls struct{ until chan struct{} }

func (s stalls) OnBrokerWrite(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, _ error) {
	if key == kmsg.Fetch.Int16() {
		<-s.until
	}
}

// A task moves to an instance that is added only when its copy there is near: what it restores in place is the rest.
func TestATaskMovesOnceItsCopyIsNear(t *testing.T) {
	c := newCluster(t)
	c.words(0, 8000, 8000)
	var second replayed
	one, _ := c.run(Config{Workers: 1, Memory: true, AcceptableLag: 50})
	c.eventually(8000)
	stalled := stalls{until: make(chan struct{})}
	goOn := sync.OnceFunc(func() { close(stalled.until) })
	hooks := second.hooks()
	hooks.Client = func(name string) []kgo.Hook {
		if name == "app-standby" {
			return []kgo.Hook{stalled}
		}
		return nil
	}
	two, _ := c.run(Config{Workers: 2, Memory: true, AcceptableLag: 50, Hooks: hooks})
	t.Cleanup(goOn)
	require.Eventually(t, func() bool { return len(two.copies.reports()) == partitions }, 20*time.Second, 10*time.Millisecond)
	require.Never(t, func() bool { return len(c.counts(two).Held()) > 0 }, 4*nearEvery, 10*time.Millisecond, "a task has moved ahead of its state")
	goOn()
	c.held(c.counts(two), partitions/2)
	require.LessOrEqual(t, second.most.Load(), int64(50))
	c.apart(one, two)
	c.words(8000, 500, 8000)
	c.eventually(8500)
	require.Empty(t, one.copies.reports())
	require.Eventually(t, func() bool { return len(two.copies.reports()) == 0 }, 10*time.Second, 10*time.Millisecond)
}

// A standby has nothing that the log has not committed, whatever becomes of the commits, and in the end all of it.
func TestAStandbyIsNeverAheadAndEndsEqual(t *testing.T) {
	c := newCluster(t)
	var steps, crashes atomic.Int64
	var stop atomic.Bool
	stopped, release := make(chan struct{}), make(chan struct{})
	goOn := sync.OnceFunc(func() { close(release) })
	one, _ := c.run(Config{Workers: 2, Memory: true, Standbys: 1, Hooks: Hooks{Step: func(_ int, step Step) error {
		if step == Offered && stop.CompareAndSwap(true, false) {
			close(stopped)
			<-release
			return fmt.Errorf("%w with a transaction open", errCrash)
		}
		if n := steps.Add(1); n%41 == 0 && crashes.Load() < 5 {
			return fmt.Errorf("%w at %d: %d", errCrash, step, crashes.Add(1))
		}
		return nil
	}}})
	t.Cleanup(goOn)
	two, _ := c.run(Config{Workers: 1, StateDir: t.TempDir(), Standbys: 1})
	c.held(c.counts(one), partitions/2)
	c.held(c.counts(two), partitions/2)
	for i := range 40 {
		c.words(i*50, 50, 17)
		c.eventually(int64(i+1) * 50)
		require.False(t, c.ahead(one) || c.ahead(two))
	}
	stop.Store(true)
	c.words(2000, 100, 17)
	<-stopped
	require.Never(t, func() bool { return c.ahead(two) }, 2*measureEvery, 50*time.Millisecond)
	goOn()
	c.eventually(2100)
	require.Positive(t, crashes.Load(), "no commit has failed: the test shows nothing")
	c.stands(one, partitions)
	c.stands(two, partitions)
	for _, pair := range [][2]*App{{one, two}, {two, one}} {
		require.Eventually(t, func() bool {
			for _, p := range c.counts(pair[0]).Held() {
				if !maps.Equal(rowsOf(t, pair[1], at(1, int(p))), countsIn(t, c.counts(pair[0]), Span{Partitions: []int32{p}})) {
					return false
				}
			}
			return len(c.counts(pair[0]).Held()) == partitions/2
		}, 10*time.Second, 50*time.Millisecond, "standbys differ from what they are copies of")
	}
}

// ahead says whether a store of an app contains more of its changelog than is committed.
func (c *cluster) ahead(a *App) bool {
	c.t.Helper()
	local := map[place]int64{}
	for _, sub := range a.topo.Subs {
		for p := range int32(partitions) {
			for _, def := range sub.Stores {
				checkpoint, _, err := a.engine.open(a.storeName(topology.TaskID{Sub: sub.ID, Partition: p}, def), def.Memory).Checkpoint()
				require.NoError(c.t, err)
				local[place{sub.Changelog(def), p}] = checkpoint.ChangelogOffset
			}
		}
	}
	for at, next := range local {
		ends, err := kadm.NewClient(c.client).ListCommittedOffsets(context.Background(), at.topic)
		require.NoError(c.t, err)
		if end, ok := ends.Lookup(at.topic, at.partition); !ok || next > end.Offset {
			return true
		}
	}
	return false
}

// rowsOf are the counts in the store below a standby.
func rowsOf(t *testing.T, a *App, id topology.TaskID) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	for key, value := range valuesOf(t, a, id) {
		found[key] = int64(binary.BigEndian.Uint64([]byte(value)))
	}
	return found
}

// valuesOf reads the first store of a task, below whoever has it.
func valuesOf(t *testing.T, a *App, id topology.TaskID) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := a.engine.open(a.storeName(id, a.topo.Subs[id.Sub].Stores[0]), false).Scan(nil, nil, func(key, value []byte) bool {
		found[string(key)] = string(value)
		return true
	})
	require.NoError(t, err)
	return found
}

// tabled reads a topic as a table, which is its own changelog.
func tabled(t testing.TB) *topology.Topology {
	t.Helper()
	var b topology.Builder
	topology.To(topology.FromTable(&b, "words", "latest", codecs.String, codecs.String).Stream, "counts")
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

// The standby of a table that is read from its source topic stops where the group has: what is behind that is not processed.
func TestAStandbyOfASourceTopicIsNotAheadOfTheGroup(t *testing.T) {
	c := newCluster(t)
	var apps []*App
	for range 2 {
		a, err := New(tabled(t), Config{Brokers: c.brokers, Workers: 1, Memory: true, Standbys: 1})
		require.NoError(t, err)
		c.start(a)
		apps = append(apps, a)
	}
	c.words(0, 400, 100)
	for _, a := range apps {
		c.stands(a, partitions/2)
		require.NoError(t, a.Pause("words"))
	}
	c.words(400, 2000, 300)
	require.Never(t, func() bool { return c.beyond(apps...) }, 3*measureEvery, 20*time.Millisecond, "a standby has what the group has not processed")
	for _, a := range apps {
		require.NoError(t, a.Resume("words"))
	}
	require.Eventually(t, func() bool {
		rows := 0
		for _, a := range apps {
			for p := range partitions {
				if !a.desk.has(at(0, p)) {
					rows += len(valuesOf(t, a, at(0, p)))
				}
			}
		}
		return !c.beyond(apps...) && rows == 300
	}, 20*time.Second, 20*time.Millisecond, "the standbys have not followed")
}

// beyond says whether a store of apps contains more of its source topic than the group has committed.
func (c *cluster) beyond(apps ...*App) bool {
	for _, a := range apps {
		sub := a.topo.Subs[0]
		for p := range int32(partitions) {
			checkpoint, _, err := a.engine.open(a.storeName(topology.TaskID{Partition: p}, sub.Stores[0]), false).Checkpoint()
			require.NoError(c.t, err)
			committed, err := kadm.NewClient(c.client).FetchOffsets(context.Background(), "app")
			require.NoError(c.t, err)
			o, _ := committed.Lookup("words", p)
			if checkpoint.ChangelogOffset > o.At {
				return true
			}
		}
	}
	return false
}
