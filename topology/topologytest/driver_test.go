package topologytest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

type (
	stream  = topology.Stream[string, string]
	forward = topology.Forward[string, string]
)

// tally appends the values of a key and forwards the whole.
type tally struct {
	out forward
	ctx topology.Context
}

func (p *tally) Init(ctx topology.Context) error {
	p.ctx = ctx
	return nil
}

func (p *tally) Process(rec *topology.Record[string, string]) error {
	table := p.ctx.Table("tallies")
	old, _, err := table.Get([]byte(rec.Key))
	if err != nil {
		return err
	}
	all := string(old) + rec.Value
	table.Put([]byte(rec.Key), []byte(all))
	next := *rec
	next.Value = all
	return p.out(&next)
}

func tallies(in stream) stream {
	needs := topology.Needs{Stores: []topology.Store{{Name: "tallies"}}}
	out := topology.Process(in, "tally", needs, func(out forward) topology.Processor[string, string] { return &tally{out: out} })
	return topology.WithCodecs(out, codecs.String, codecs.String)
}

// letters is a topology that writes the tally of each key, behind a repartition topic.
func letters(t *testing.T) *topology.Topology {
	var b topology.Builder
	in := topology.From(&b, "letters", codecs.String, codecs.String)
	topology.To(tallies(topology.Repartition(in, "moved")), "tallies")
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

func last(d *topologytest.Driver, topic string) map[string]string {
	all := map[string]string{}
	for key, value := range d.Last(topic) {
		all[key] = string(value)
	}
	return all
}

func pipe(d *topologytest.Driver, records ...string) {
	for _, r := range records {
		key, value, _ := strings.Cut(r, "=")
		d.Pipe("letters", []byte(key), []byte(value))
	}
}

func TestRunProcessesThroughAllSubTopologies(t *testing.T) {
	d := topologytest.New(t, letters(t), topologytest.Config{Tasks: 3, Workers: 2})
	pipe(d, "ann=a", "bob=b", "cid=c", "ann=d")
	d.Run()
	want := map[string]string{"ann": "ad", "bob": "b", "cid": "c"}
	require.Equal(t, want, last(d, "tallies"))
	require.Equal(t, want, last(d, "app-tallies-changelog"))
	require.Len(t, d.Rows("tallies"), 3)
	require.Len(t, d.Records("tallies"), 4)
	require.Equal(t, "letters", d.Topology().Subs[0].Name)
}

func TestStepWithoutCommitIsLostByARestart(t *testing.T) {
	d := topologytest.New(t, letters(t), topologytest.Config{})
	pipe(d, "ann=a")
	d.Run()
	pipe(d, "ann=b", "ann=c")
	require.True(t, d.Step())
	d.Restart()
	require.Equal(t, map[string]string{"ann": "a"}, last(d, "tallies"))
	d.Run()
	require.Equal(t, map[string]string{"ann": "abc"}, last(d, "tallies"))
	require.False(t, d.Step())
}

func TestWipeRebuildsFromChangelogs(t *testing.T) {
	d := topologytest.New(t, letters(t), topologytest.Config{Tasks: 2})
	pipe(d, "ann=a", "bob=b")
	d.Run()
	d.Wipe()
	require.Equal(t, "a", string(d.Rows("tallies")["ann"]))
	pipe(d, "ann=c")
	d.Run()
	require.Equal(t, map[string]string{"ann": "ac", "bob": "b"}, last(d, "tallies"))
}

// Whatever step of a commit a worker dies in, every record counts once; also where several
// workers commit on their own.
func TestCrashAtEachStepOfACommit(t *testing.T) {
	for step := topologytest.AfterFlush; step <= topologytest.AfterBatch; step++ {
		for workers := 1; workers <= 3; workers++ {
			d := topologytest.New(t, letters(t), topologytest.Config{Tasks: 3, Workers: workers})
			for _, batch := range [][]string{{"ann=a", "bob=b", "cid=c", "dan=d"}, {"ann=e", "bob=f", "cid=g", "dan=h"}} {
				pipe(d, batch...)
				d.CrashAt(step)
				d.Run()
			}
			want := map[string]string{"ann": "ae", "bob": "bf", "cid": "cg", "dan": "dh"}
			require.Equal(t, want, last(d, "tallies"), "step %d, %d workers", step, workers)
			require.Len(t, d.Records("tallies"), 8)
			require.Equal(t, want, last(d, "app-tallies-changelog"))
		}
	}
}

func TestCrashBeforeTheEndLeavesNothing(t *testing.T) {
	d := topologytest.New(t, letters(t), topologytest.Config{})
	pipe(d, "ann=a")
	d.Run()
	rows, log := d.Rows("tallies"), d.Records("app-tallies-changelog")
	for _, step := range []topologytest.Step{topologytest.AfterFlush, topologytest.AfterProduce, topologytest.AfterOffsets} {
		pipe(d, "ann=b")
		for d.Step() {
		}
		d.CrashAt(step)
		d.Commit()
		require.Equal(t, rows, d.Rows("tallies"))
		require.Equal(t, log, d.Records("app-tallies-changelog"))
	}
	d.Run()
	require.Equal(t, map[string]string{"ann": "abbb"}, last(d, "tallies"))
}

func TestAdvanceMovesWallTime(t *testing.T) {
	d := topologytest.New(t, letters(t), topologytest.Config{Wall: 5000})
	require.EqualValues(t, 5000, d.Wall())
	d.Advance(1500 * time.Millisecond)
	require.EqualValues(t, 6500, d.Wall())
	pipe(d, "ann=a")
	require.EqualValues(t, 6500, d.Records("letters")[0].Appended)
}

func TestDeadLettersCountersAndDeletes(t *testing.T) {
	var b topology.Builder
	topology.To(topology.From(&b, "numbers", codecs.String, codecs.Int64), "out")
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{DeadLetter: "bad", Partitions: map[string]int{"numbers": 2, "out": 4}})
	d.Pipe("numbers", []byte("ann"), []byte("x"), topology.Header{Key: "trace", Value: []byte("1")})
	d.PipeTo("numbers", 1, task.Record{Appended: d.Wall(), Key: []byte("bob"), Value: make([]byte, 8)})
	d.Run()
	require.EqualValues(t, 1, d.Counter("dead_letters_total"))
	require.Len(t, d.Records("out"), 1)
	bad := d.Records("bad")
	require.Len(t, bad, 1)
	require.Equal(t, "undecodable", bad[0].HeaderMap()["abacus.reason"])
	require.Equal(t, "1", bad[0].HeaderMap()["trace"])

	d.PipeTo("numbers", 0, task.Record{Key: []byte("k"), Value: []byte("v")})
	require.Contains(t, d.Last("numbers"), "k")
	d.PipeTo("numbers", 0, task.Record{Key: []byte("k")})
	require.NotContains(t, d.Last("numbers"), "k")
}

// A name that the topology does not have is a mistake of the test, which would else look as if nothing came out.
func TestNamesThatThereAreNot(t *testing.T) {
	d := topologytest.New(nil, letters(t), topologytest.Config{})
	read := `the topology does not read topic "leters": it reads app-moved-repartition, letters`
	require.PanicsWithValue(t, read, func() { topologytest.NewIn(d, "leters", codecs.String, codecs.String) })
	require.PanicsWithValue(t, read, func() { d.Pipe("leters", nil, nil) })
	require.PanicsWithValue(t, read, func() { d.PipeTo("leters", 0, task.Record{}) })
	has := `the topology has no topic "taly", only app-letters-task-changelog, app-moved-repartition, app-tallies-changelog, app-tallies-task-changelog, app.dlq, app.late, letters, tallies`
	require.PanicsWithValue(t, has, func() { topologytest.NewOut(d, "taly", codecs.String, codecs.String) })
	require.PanicsWithValue(t, has, func() { d.Records("taly") })
	require.PanicsWithValue(t, has, func() {
		topologytest.New(nil, letters(t), topologytest.Config{Partitions: map[string]int{"taly": 3}})
	})
	store := `the topology has no store "taly", only letters-task, tallies, tallies-task`
	require.PanicsWithValue(t, store, func() { d.Rows("taly") })
	require.PanicsWithValue(t, store, func() { d.RawRows("taly") })
}

// Outside of a test, as in an Example, a fault panics.
func TestWithoutATest(t *testing.T) {
	d := topologytest.New(nil, letters(t), topologytest.Config{})
	d.Pipe("letters", []byte("ann"), []byte("a"))
	d.Run()
	require.Len(t, d.Records("tallies"), 1)
	require.Panics(t, func() {
		var b topology.Builder
		in := topology.From(&b, "letters", codecs.String, codecs.String)
		topology.Process(in, "bad", topology.Needs{}, func(forward) topology.Processor[string, string] { return broken{} })
		topo, err := b.Build("app")
		require.NoError(t, err)
		topologytest.New(nil, topo, topologytest.Config{})
	})
}

// broken does not start.
type broken struct{}

func (broken) Init(topology.Context) error                    { return codecs.ErrType }
func (broken) Process(*topology.Record[string, string]) error { return nil }
