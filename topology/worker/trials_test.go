package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// falling is a counter that fails for some records after it has written and sent for them.
type falling struct {
	counter
	tries *atomic.Int32
}

func (f *falling) Process(rec *topology.Record[string, string]) error {
	if rec.Value == "now and then" && f.tries.Add(1) > 1 {
		return f.counter.Process(rec)
	}
	if err := f.counter.Process(rec); err != nil || rec.Value == "x" {
		return err
	}
	if err := f.out(&topology.Record[string, int64]{Key: rec.Key, Value: -1}); err != nil {
		return err
	}
	if rec.Value == "panic" {
		panic("out of luck")
	}
	return errors.New("out of luck")
}

// fallingTopology counts words by such a counter.
func fallingTopology(t testing.TB, retry topology.Retry, tries *atomic.Int32) *topology.Topology {
	t.Helper()
	var b topology.Builder
	words := topology.From(&b, "words", codecs.String, codecs.String)
	counts := topology.Process(words, "count", topology.Needs{Stores: []topology.Store{{Name: "counted"}}},
		func(out topology.Forward[string, int64]) topology.Processor[string, string] {
			return &falling{counter: counter{out: out}, tries: tries}
		})
	topology.To(topology.WithCodecs(topology.OnFailure(counts, retry), codecs.String, codecs.Int64), "counts")
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

func headerOf(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// word produces one record with a value.
func (c *cluster) word(key, value string) {
	c.t.Helper()
	require.NoError(c.t, c.client.ProduceSync(context.Background(), &kgo.Record{Topic: "words", Key: []byte(key), Value: []byte(value)}).FirstErr())
}

// begin runs a topology as an app.
func (c *cluster) begin(topo *topology.Topology, cfg Config) (stop func() error) {
	c.t.Helper()
	cfg.Brokers = c.brokers
	a, err := New(topo, cfg)
	require.NoError(c.t, err)
	return c.start(a)
}

// Records that fail after they were counted and sent: the tries leave nothing behind, in the table, in
// the output and over a restart, and what follows is counted.
func TestAFailedTryLeavesNothing(t *testing.T) {
	for _, then := range []topology.Policy{topology.DeadLetter, topology.Skip} {
		c := newCluster(t)
		dir, tries, counters := t.TempDir(), &atomic.Int32{}, map[string]int64{}
		topo := fallingTopology(t, topology.Retry{Tries: 2, Backoff: time.Millisecond, Then: then}, tries)
		cfg := Config{Workers: 1, StateDir: dir, Hooks: Hooks{Counted: func(name string, n int64) { counters[name] += n }}}
		stop := c.begin(topo, cfg)
		c.words(0, 130, 13)
		c.word("w3", "error")
		c.word("w3", "panic")
		c.word("w3", "now and then")
		c.words(0, 130, 13)
		c.eventually(261)
		require.NoError(t, stop())
		stop = c.begin(topo, cfg)
		c.words(0, 130, 13)
		c.eventually(391)
		require.NoError(t, stop())
		require.EqualValues(t, 31, c.last("counts")["w3"])
		require.EqualValues(t, 2, tries.Load(), "what fails once is tried again, and only once")
		letters := c.read("app.dlq")
		if then == topology.Skip {
			require.Empty(t, letters)
			require.EqualValues(t, 2, counters["skipped.failed"])
			continue
		}
		require.EqualValues(t, 2, counters["dead_letters.failed"])
		require.Len(t, letters, 2)
		require.Equal(t, "error", string(letters[0].Value))
		require.Equal(t, "count", headerOf(letters[0], task.HeaderPath))
		require.Regexp(t, `^words/\d/\d+$`, headerOf(letters[0], task.HeaderSource))
		require.Equal(t, "out of luck", headerOf(letters[0], task.HeaderError))
		require.Contains(t, headerOf(letters[1], task.HeaderError), "panic: out of luck")
	}
}

// By default a record that fails five times stops the app; the error names it and the nodes it came through.
func TestAFailingRecordStopsByDefault(t *testing.T) {
	c := newCluster(t)
	c.word("w3", "panic")
	topo := fallingTopology(t, topology.Retry{Backoff: time.Millisecond}, &atomic.Int32{})
	a, err := New(topo, Config{Brokers: c.brokers, Workers: 1, Memory: true})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err = a.Run(ctx)
	require.ErrorContains(t, err, "failed 5 times in the same way: ")
	require.ErrorContains(t, err, " in count: panic: out of luck")
	require.Regexp(t, `record words/\d/0`, err.Error())
}

// The tries of a record wait in a session, so that the member stays in the group.
func TestTrialsWaitAndAreCounted(t *testing.T) {
	var known trials
	f := &task.Failure{Topic: "words", Offset: 7, Retry: topology.Retry{Tries: 2, Backoff: 2 * time.Second, Then: topology.Stop}}
	at := place{"words", 0}
	require.NoError(t, known.judge(f, start))
	require.Equal(t, start.Add(2*time.Second), known[at][7].again)
	require.ErrorContains(t, known.judge(f, start.Add(time.Hour)), "failed 2 times", "however long a restore takes, it is the same record")
	final := *f
	final.Final, final.Offset = true, 8
	require.Error(t, known.judge(&final, start))
}
