package worker

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// fetched says whether a client has fetched any record of the input of task 1_0.
type fetched struct{ atomic.Bool }

func (f *fetched) OnFetchRecordBuffered(r *kgo.Record) {
	if r.Topic == "app-again-repartition" && r.Partition == 0 {
		f.Store(true)
	}
}

// heldUp runs an app of one worker, all of whose tasks but 1_0 run: its restore cannot end, as a transaction is open on its
// changelog, until goOn is called. read are the fetches of the task's input.
func (c *cluster) heldUp() (app *App, read *fetched, goOn func()) {
	c.t.Helper()
	before, err := New(counting(c.t, "app"), c.to(Config{Memory: true}))
	require.NoError(c.t, err)
	require.NoError(c.t, before.open(c.t.Context()), "it creates the topics")
	require.NoError(c.t, before.close())
	end := c.transaction(&kgo.Record{Topic: "app-counted-changelog", Partition: 0, Key: []byte("open"), Value: make([]byte, 8)})
	read = &fetched{}
	app, _ = c.run(Config{Workers: 1, Memory: true, Hooks: Hooks{Client: func(string) []kgo.Hook { return []kgo.Hook{read} }}})
	ended := false
	goOn = func() {
		if !ended {
			ended = true
			end(kgo.TryAbort)
		}
	}
	c.t.Cleanup(goOn) // before the app is stopped: a restore on the loop would never see that it is
	require.Eventually(c.t, func() bool {
		running := 0
		for sub := range app.topo.Subs {
			for p := range partitions {
				if _, err := app.desk.find(at(sub, p)); err == nil {
					running++
				}
			}
		}
		return running == 2*partitions-1
	}, waitLimit, tick, "the tasks beside it do not begin")
	return app, read, goOn
}

// countedBeside waits until that many records of each of 29 words are counted, but for the words of task 1_0, and gives how
// many these are.
func (c *cluster) countedBeside(app *App, each int64) (rest int) {
	c.t.Helper()
	s := c.counts(app)
	require.Eventually(c.t, func() bool {
		counts := c.last("counts")
		rest = 0
		for word := range 29 {
			key := fmt.Sprintf("w%d", word)
			if p, err := s.PartitionOf([]byte(key)); err != nil || p != 0 && counts[key] != each {
				return false
			} else if p == 0 {
				rest++
			}
		}
		return true
	}, waitLimit, tick, "the tasks beside it do not commit")
	return rest
}

// A task that is restored holds up no other, not even one of its own worker: they begin, process and commit meanwhile.
func TestOtherTasksCommitWhileOneIsRestored(t *testing.T) {
	c := newCluster(t)
	app, _, goOn := c.heldUp()
	c.words(0, 290, 29)
	require.Positive(t, c.countedBeside(app, 10))
	_, _, err := c.counts(app).GetIn(t.Context(), 0, []byte("open"))
	require.ErrorIs(t, err, ErrRestoring)
	goOn()
	c.eventually(290)
}

// The input of a task is not even fetched while it is restored: what was polled would have nobody to take it.
func TestPartitionsArePausedWhileTheirTaskIsRestored(t *testing.T) {
	c := newCluster(t)
	app, read, goOn := c.heldUp()
	for i := range 3 {
		c.words(290*i, 290, 29)
		c.countedBeside(app, int64(10*(i+1)))
	}
	require.False(t, read.Load(), "it is read before its task is restored")
	goOn()
	c.eventually(3 * 290)
	require.True(t, read.Load())
}
