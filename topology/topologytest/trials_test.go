package topologytest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// picky fails at the value bad until it has met it often enough.
type picky struct {
	out  forward
	left *int
}

func (picky) Init(topology.Context) error { return nil }

func (p picky) Process(rec *topology.Record[string, string]) error {
	if rec.Value[len(rec.Value)-1] == '!' {
		if *p.left--; *p.left >= 0 {
			return errors.New("a bad letter")
		}
	}
	return p.out(rec)
}

// failing fails so many times at a letter ! behind the tally, which has kept it by then. A zero policy is none.
func failing(t *testing.T, times int, r topology.Retry) *topology.Topology {
	var b topology.Builder
	tallied := tallies(topology.From(&b, "letters", codecs.String, codecs.String))
	picked := topology.Process(tallied, "picky", topology.Needs{}, func(out forward) topology.Processor[string, string] { return picky{out, &times} })
	if r != (topology.Retry{}) {
		picked = topology.OnFailure(picked, r)
	}
	topology.To(topology.WithCodecs(picked, codecs.String, codecs.String), "tallies")
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

const always = 1 << 30

// What a record left behind before it failed is taken back, and so is what came before it since the last commit.
func TestARecordThatFailsBehindStateIsPutAside(t *testing.T) {
	for _, workers := range []int{1, 2} {
		d := topologytest.New(t, failing(t, always, topology.Retry{Tries: 1, Then: topology.DeadLetter}), topologytest.Config{Tasks: 2, Workers: workers})
		pipe(d, "ann=a", "bob=b")
		d.Run()
		pipe(d, "ann=c", "bob=d", "ann=!", "ann=e", "bob=f")
		d.Run()
		want := map[string]string{"ann": "ace", "bob": "bdf"}
		require.Equal(t, want, last(d, "tallies"))
		require.Equal(t, want, last(d, "app-tallies-changelog"), "the bad letter is in no row")
		require.Len(t, d.Records("tallies"), 6)
		letters := d.Records("app.dlq")
		require.Len(t, letters, 1)
		require.Equal(t, "!", string(letters[0].Value))
		h := letters[0].HeaderMap()
		require.Equal(t, "failed", h["abacus.reason"])
		require.Equal(t, "tally > picky", h["abacus.path"])
		require.Equal(t, "a bad letter", h["abacus.error"])
		require.EqualValues(t, 1, d.Counter("dead_letters_total"))
		d.Wipe()
		d.Run()
		require.Len(t, d.Records("app.dlq"), 1, "what is put aside is behind the committed offsets")
	}
}

func TestARecordThatFailsBehindStateIsLeftOut(t *testing.T) {
	d := topologytest.New(t, failing(t, always, topology.Retry{Tries: 1, Then: topology.Skip}), topologytest.Config{})
	pipe(d, "ann=!", "ann=a", "ann=!", "ann=b")
	for d.Step() {
	}
	d.Restart()
	d.Run()
	require.Equal(t, map[string]string{"ann": "ab"}, last(d, "tallies"))
	require.Empty(t, d.Records("app.dlq"))
	require.EqualValues(t, 2, d.Counter("skipped.failed"))
}

// The second try waits for its time, with all that comes behind; it may well go right.
func TestTriesBehindStateWaitForTheWallClock(t *testing.T) {
	for times, want := range map[int]string{1: "a!b", always: "ab"} {
		d := topologytest.New(t, failing(t, times, topology.Retry{Tries: 2, Backoff: 10 * time.Second, Then: topology.DeadLetter}), topologytest.Config{})
		pipe(d, "ann=a", "ann=!", "ann=b")
		d.Run()
		d.Advance(9 * time.Second)
		require.Empty(t, d.Records("tallies"))
		d.Advance(time.Second)
		require.Equal(t, map[string]string{"ann": want}, last(d, "tallies"))
		require.Len(t, d.Records("app.dlq"), 3-len(want))
	}
}

// Where the app would stop the test fails: with no policy at once, with one after the last try.
func TestAnAppThatWouldStopFailsTheTest(t *testing.T) {
	for _, r := range []topology.Retry{{}, {Tries: 1, Then: topology.Stop}} {
		d := topologytest.New(nil, failing(t, always, r), topologytest.Config{})
		pipe(d, "ann=!")
		require.PanicsWithValue(t, stopped(r), d.Run)
	}
	d := topologytest.New(nil, failing(t, always, topology.Retry{Tries: 3, Backoff: time.Second}), topologytest.Config{})
	pipe(d, "ann=!")
	d.Run()
	d.Advance(time.Second)
	require.Panics(t, func() { d.Advance(2 * time.Second) })
}

func stopped(r topology.Retry) string {
	if r == (topology.Retry{}) {
		return "task 0_0: record letters/0/0: a bad letter"
	}
	return "task 0_0: record letters/0/0 in tally > picky: a bad letter"
}
