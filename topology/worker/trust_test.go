package worker

import (
	"context"
	"encoding/binary"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

// windowed counts by windows of ten seconds that stay open for days; the time of a record is its value.
func windowed(t testing.TB) *topology.Topology {
	t.Helper()
	var b topology.Builder
	timed := func(r *topology.Record[string, int64], _ *topology.Source) (int64, bool) { return r.Value, true }
	in := topology.FromTimed(&b, "words", codecs.String, codecs.Int64, timed)
	counts := processors.CountWindows(processors.Window(in, processors.Tumbling{Size: 10 * time.Second, Grace: 100 * time.Hour}), "windowed")
	topology.To(counts, "counts")
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

// deleted deletes all records that a topic has, as retention does in time.
func (c *cluster) deleted(topic string) {
	admin := kadm.NewClient(c.client)
	ends, err := admin.ListEndOffsets(context.Background(), topic)
	require.NoError(c.t, err)
	_, err = admin.DeleteRecords(context.Background(), ends.Offsets())
	require.NoError(c.t, err)
}

// A store of windows that was not written for long is caught up from what its changelog still has: no deletion can be
// missing there, and what retention has taken, the store alone knows.
func TestWindowsOutliveTheirChangelog(t *testing.T) {
	const changelog = "app-windowed-changelog"
	for name, gone := range map[string]bool{"the tail is old": false, "the tail is gone": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			// Made with the time of the records, so that these are old at once.
			old := map[string]*string{"cleanup.policy": kadm.StringPtr("compact,delete"), "retention.ms": kadm.StringPtr("-1")}
			_, err := kadm.NewClient(c.client).CreateTopic(context.Background(), partitions, 1, old, changelog)
			require.NoError(t, err)
			var seen atomic.Int64
			var crash atomic.Bool
			log, said := said()
			cfg := Config{Workers: 1, StateDir: t.TempDir(), CheckpointEvery: time.Hour, IdleAfter: time.Hour, Logger: log, Hooks: Hooks{
				Processed: func(_ string, n int64) { seen.Add(n) },
				Step: func(int, Step) error {
					if !crash.Swap(false) {
						return nil
					}
					if gone {
						c.deleted(changelog)
					}
					return errCrash
				}}}
			count := func(at time.Time, all int64) {
				value := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli()))
				require.NoError(t, c.client.ProduceSync(context.Background(), &kgo.Record{Topic: "words", Key: []byte("k"), Value: value}).FirstErr())
				require.Eventually(t, func() bool { return seen.Load() >= all }, waitLimit, tick)
			}
			past := time.Now().Add(-72 * time.Hour).Truncate(time.Hour)
			stop := c.begin(windowed(t), cfg)
			count(past, 1)
			require.NoError(t, stop()) // the store has the row
			c.deleted(changelog)
			stop = c.begin(windowed(t), cfg)
			count(past.Add(20*time.Second), 2) // a window that is in the log alone
			crash.Store(true)
			count(past.Add(time.Millisecond), 3)
			require.NoError(t, stop())
			require.False(t, said("state is rebuilt", ""))
			require.Equal(t, gone, said("a changelog has deleted rows that the local state lacks", ""))
			most := uint64(0)
			for _, rec := range c.read("counts") {
				most = max(most, binary.BigEndian.Uint64(rec.Value))
			}
			require.EqualValues(t, 2, most, "the first record of the window was in the store")
		})
	}
}

// A standby of windows that its changelog has left behind goes on with the rows it has.
func TestAStandbyOfWindowsOutlivesTheirChangelog(t *testing.T) {
	c, fake := newFake(t)
	log, said := said()
	var apps []*App
	for range 2 {
		a, err := New(windowed(t), Config{Brokers: c.brokers, Workers: 1, Memory: true, Standbys: 1, Logger: log, IdleAfter: time.Hour})
		require.NoError(t, err)
		c.start(a)
		apps = append(apps, a)
	}
	value := binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMilli()))
	for p := range int32(partitions) {
		require.NoError(t, c.manual().ProduceSync(t.Context(), &kgo.Record{Topic: "words", Partition: p, Key: []byte("k"), Value: value}).FirstErr())
	}
	rows := func() (n int) {
		for _, a := range apps {
			for _, r := range a.copies.reports() {
				n += len(valuesOf(t, a, r.ID))
			}
		}
		return n
	}
	require.Eventually(t, func() bool { return rows() == partitions }, waitLimit, tick)
	fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "app-windowed-changelog", Err: kerr.OffsetOutOfRange, Count: 1})
	require.Eventually(t, func() bool { return said("standby failed, it begins again", "OFFSET_OUT_OF_RANGE") }, waitLimit, tick)
	for _, a := range apps {
		c.stands(a, partitions/2)
	}
	require.Equal(t, partitions, rows())
	require.False(t, said("state is rebuilt", ""))
}

// A log that has lost its tail ends before the offset that the group has committed: a table of its records holds what there
// is of them.
func TestATableWhoseSourceLostItsTailIsRestored(t *testing.T) {
	for _, guarantee := range []Guarantee{ExactlyOnce, AtLeastOnce} {
		c := newCluster(t)
		c.words(0, 100, 10)
		var beyond kadm.Offsets
		for p := range int32(partitions) {
			beyond.AddOffset("words", p, 10_000, -1)
		}
		require.NoError(t, kadm.NewClient(c.client).CommitAllOffsets(context.Background(), "app", beyond))
		cfg := Config{Brokers: c.brokers, Workers: 1, Memory: true, Guarantee: guarantee, Policies: Policies{Lost: Latest}}
		a, err := New(tabled(t), cfg)
		require.NoError(t, err)
		c.start(a)
		s, err := a.Store("latest")
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			rows := 0
			for _, err := range s.Range(context.Background(), Span{}) {
				if err != nil {
					return false
				}
				rows++
			}
			return rows == 10
		}, waitLimit, tick)
	}
}
