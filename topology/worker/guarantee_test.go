package worker

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// tally counts words in one hop, so that doubled outputs are counted by nobody.
func tally(t testing.TB) *topology.Topology {
	return fallingTopology(t, topology.Retry{}, &atomic.Int32{})
}

// newest is the latest count of each word, in however many copies it comes.
func (c *cluster) newest() map[string]int64 {
	last := map[string]int64{}
	for _, r := range c.read("counts") {
		last[string(r.Key)] = int64(binary.BigEndian.Uint64(r.Value))
	}
	return last
}

// tallied waits until that many words are committed; then their counts must be those.
func (c *cluster) tallied(want int64) {
	c.t.Helper()
	require.Eventually(c.t, func() bool { return c.alive.Load() == 0 || c.committed("words") >= want }, waitLimit, tick)
	require.EqualValues(c.t, want, sum(c.newest()))
}

// sameAsChangelog compares the local rows of a store with what a restore from nothing would give.
func (c *cluster) sameAsChangelog(dir, store string) {
	c.t.Helper()
	e, err := openEngine(&Config{StateDir: dir})
	require.NoError(c.t, err)
	defer func() { require.NoError(c.t, e.close()) }()
	logged, local := map[string]string{}, map[string]string{}
	for _, r := range c.read("app-" + store + "-changelog") {
		key := fmt.Sprint(r.Partition, " ", string(r.Key))
		if r.Value == nil {
			delete(logged, key)
		} else {
			logged[key] = string(r.Value)
		}
	}
	for p := range partitions {
		db := e.open(fmt.Sprintf("app/0_%d/%s", p, store), false)
		require.NoError(c.t, db.Scan(nil, nil, func(key, value []byte) bool {
			local[fmt.Sprint(p, " ", string(key))] = string(value)
			return true
		}))
	}
	require.Equal(c.t, logged, local, store)
}

// crashing gives a hook that ends the session at a step, three times.
func crashing(step Step) (hook func(int, Step) error, crashes *atomic.Int32) {
	crashes = &atomic.Int32{}
	return func(_ int, at Step) error {
		if at == step && crashes.Load() < 3 {
			return fmt.Errorf("%w %d", errCrash, crashes.Add(1))
		}
		return nil
	}, crashes
}

// Without transactions a crash at any step of a commit loses nothing, and the state counts each record once.
func TestAtLeastOnceLosesNothing(t *testing.T) {
	for _, memory := range []bool{true, false} {
		for step := Flushed; step <= Applied; step++ {
			t.Run(fmt.Sprintf("step %d memory %v", step, memory), func(t *testing.T) {
				t.Parallel()
				c, dir := newCluster(t), t.TempDir()
				hook, crashes := crashing(step)
				log, said := said()
				cfg := Config{Workers: 2, Guarantee: AtLeastOnce, Memory: memory, Logger: log, StateDir: dir, Hooks: Hooks{Step: hook}}
				stop := c.begin(tally(t), cfg)
				c.words(0, 400, 13)
				c.tallied(400)
				c.words(400, 400, 13)
				c.tallied(800)
				require.EqualValues(t, 3, crashes.Load())
				c.words(800, 13, 13) // so that each task is at work again: a stop in between leaves its local state behind
				c.tallied(813)
				require.NoError(t, stop())
				require.False(t, said("state is rebuilt", ""), "the local state was not what the log has")
				if !memory {
					c.sameAsChangelog(dir, "counted")
					c.sameAsChangelog(dir, "counted-task")
				}
			})
		}
	}
}

// cutOff has the broker refuse what goes to a topic, three times: the commit is cut off with a part of it written.
func cutOff(fake *kfake.Cluster, topic string) *kfake.FaultHandle {
	return fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: kerr.UnknownServerError, Count: 3})
}

// A commit of which a part is in the log is taken back: what it wrote is put back before anything else.
func TestAtLeastOnceTakesBackATornCommit(t *testing.T) {
	for _, topic := range []string{"counts", "app-counted-changelog", "app-counted-task-changelog"} {
		for _, memory := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s memory %v", topic, memory), func(t *testing.T) {
				t.Parallel()
				c, fake := newFake(t)
				dir := t.TempDir()
				cutOff(fake, topic) // in the first commit
				log, said := said()
				cfg := Config{Workers: 2, Guarantee: AtLeastOnce, Memory: memory, Logger: log, StateDir: dir}
				stop := c.begin(tally(t), cfg)
				c.words(0, 400, 13)
				c.tallied(400)
				fault := cutOff(fake, topic)
				c.words(400, 400, 13)
				ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
				defer cancel()
				require.NoError(t, fault.Wait(ctx, 3))
				c.tallied(800)
				require.NoError(t, stop())
				if topic != "app-counted-changelog" {
					require.True(t, said("a commit was cut off", ""), "nothing was torn: the test shows nothing")
				}
				stop = c.begin(tally(t), cfg)
				c.words(800, 400, 13)
				c.tallied(1200)
				require.NoError(t, stop())
				if !memory {
					c.sameAsChangelog(dir, "counted")
					c.sameAsChangelog(dir, "counted-task")
				}
			})
		}
	}
}

// Behind a repartition topic the records of a commit that was cut off count twice, never less than once.
func TestAtLeastOnceOverTwoHops(t *testing.T) {
	c, fake := newFake(t)
	cutOff(fake, "app-words-task-changelog")
	stop := c.startApp("app", Config{Workers: 2, Guarantee: AtLeastOnce, StateDir: t.TempDir()})
	c.words(0, 400, 13)
	require.Eventually(t, func() bool { return sum(c.newest()) >= 400 && c.committed("words") == 400 }, waitLimit, tick)
	require.NoError(t, stop())
	require.Less(t, sum(c.newest()), int64(5*400), "each try doubles its own records alone")
}

// A record of another member in a changelog: the state goes back to the last commit, and the log gets
// again what that record has hidden.
func TestAtLeastOnceNoticesAnotherWriter(t *testing.T) {
	c, dir := newCluster(t), t.TempDir()
	log, said := said()
	stop := c.begin(tally(t), Config{Workers: 1, Guarantee: AtLeastOnce, StateDir: dir, Logger: log})
	c.words(0, 130, 13)
	c.tallied(130)
	partition := topology.PartitionOf([]byte("w3"), partitions)
	foreign := &kgo.Record{Topic: "app-counted-changelog", Partition: partition, Key: []byte("w3"), Value: binary.BigEndian.AppendUint64(nil, 1)}
	require.NoError(t, c.manual().ProduceSync(context.Background(), foreign).FirstErr())
	c.words(130, 130, 13)
	c.tallied(260)
	require.NoError(t, stop())
	require.True(t, said("session ended", "records of another member"))
	c.sameAsChangelog(dir, "counted")
	require.EqualValues(t, 20, c.newest()["w3"])
}

// A position of a member that had been put out, written after it, is behind the group's offsets and passed over.
func TestAtLeastOncePassesOverAnOldPosition(t *testing.T) {
	c, dir := newCluster(t), t.TempDir()
	cfg := Config{Workers: 1, Guarantee: AtLeastOnce, StateDir: dir}
	stop := c.begin(tally(t), cfg)
	c.words(0, 130, 13)
	c.tallied(130)
	old := c.read("app-counted-task-changelog")
	c.words(130, 130, 13)
	c.tallied(260)
	require.NoError(t, stop())
	for _, r := range old {
		late := &kgo.Record{Topic: r.Topic, Partition: r.Partition, Key: r.Key, Value: r.Value, Headers: r.Headers}
		require.NoError(t, c.manual().ProduceSync(context.Background(), late).FirstErr())
	}
	cfg.StateDir = t.TempDir() // another machine, with nothing but the log
	stop = c.begin(tally(t), cfg)
	c.words(260, 130, 13)
	c.tallied(390)
	require.NoError(t, stop())
}

// A copy that has taken in rows of a commit that was cut off, as a standby may, is not trusted.
func TestAtLeastOnceRebuildsWhatHasTornRows(t *testing.T) {
	c, dir := newCluster(t), t.TempDir()
	log, said := said()
	cfg := Config{Workers: 1, Guarantee: AtLeastOnce, StateDir: dir, Logger: log}
	stop := c.begin(tally(t), cfg)
	c.words(0, 130, 13)
	c.tallied(130)
	require.NoError(t, stop())
	e, err := openEngine(&Config{StateDir: dir})
	require.NoError(t, err)
	for _, store := range []string{"counted", "counted-task"} {
		row := &kgo.Record{Topic: "app-" + store + "-changelog", Partition: 0, Key: []byte("w3"), Value: binary.BigEndian.AppendUint64(nil, 77)}
		require.NoError(t, c.manual().ProduceSync(context.Background(), row).FirstErr())
		db := e.open("app/0_0/"+store, false)
		at, _, err := db.Checkpoint()
		require.NoError(t, err)
		var batch state.Batch
		batch.Put(row.Key, row.Value)
		at.ChangelogOffset = row.Offset + 1
		batch.SetCheckpoint(at)
		require.NoError(t, db.Apply(&batch))
	}
	require.NoError(t, e.close())
	stop = c.begin(tally(t), cfg)
	c.words(130, 130, 13)
	c.tallied(260)
	require.NoError(t, stop())
	require.True(t, said("state is rebuilt", "the log ends at"))
	c.sameAsChangelog(dir, "counted")
	c.sameAsChangelog(dir, "counted-task")
}

// An app may change its guarantee at a restart, also after a commit was cut off.
func TestTheGuaranteeMayChange(t *testing.T) {
	for _, memory := range []bool{true, false} {
		t.Run(fmt.Sprintf("memory %v", memory), func(t *testing.T) {
			t.Parallel()
			c, fake := newFake(t)
			dir, total := t.TempDir(), int64(0)
			for i, g := range []Guarantee{ExactlyOnce, AtLeastOnce, ExactlyOnce, AtLeastOnce, AtLeastOnce, ExactlyOnce} {
				stop := c.begin(tally(t), Config{Workers: 1, Guarantee: g, Memory: memory, StateDir: dir})
				if g == AtLeastOnce {
					fault := fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "app-counted-task-changelog", Err: kerr.UnknownServerError, Count: -1})
					c.words(i*1000, 100, 13)
					total += 100
					ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
					require.NoError(t, fault.Wait(ctx, 2))
					cancel()
					if i%2 == 1 {
						_ = stop() // with a commit cut off
						fault.Remove()
						continue
					}
					fault.Remove()
				}
				c.words(i*1000+500, 100, 13)
				total += 100
				c.tallied(total)
				require.NoError(t, stop())
			}
		})
	}
}

// A cluster of the old protocol of transactions will do.
func TestAtLeastOnceNeedsNoTransactions(t *testing.T) {
	c := newCluster(t)
	_, err := kadm.NewClient(c.client).UpdateFeatures(context.Background(), false, kadm.FeatureUpdate{Feature: "transaction.version", MaxVersionLevel: 1, UpgradeType: 2})
	require.NoError(t, err)
	stop := c.begin(tally(t), Config{Workers: 1, Memory: true, Guarantee: AtLeastOnce, CommitEvery: 20 * time.Millisecond})
	c.words(0, 130, 13)
	c.tallied(130)
	require.NoError(t, stop())
	transactions, err := kadm.NewClient(c.client).ListTransactions(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Empty(t, transactions)
}
