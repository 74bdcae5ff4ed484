package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology"
)

// The client may hand partitions on when the callback that takes them away returns: that is when the loop has let go.
func TestARevokeReturnsOnceTheLoopHasLetGo(t *testing.T) {
	for _, commit := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			session, end := context.WithCancel(t.Context())
			d := &door{make(chan move, 1), &wake{}, session}
			revoke := func() *atomic.Bool {
				returned := &atomic.Bool{}
				go func() {
					d.revoked(map[string][]int32{"words": {1}}, commit)
					returned.Store(true)
				}()
				synctest.Wait()
				require.False(t, returned.Load(), "it does not wait")
				return returned
			}
			returned := revoke()
			m := <-d.moves
			require.Equal(t, commit, m.commit)
			require.Equal(t, map[string][]int32{"words": {1}}, m.gone)
			synctest.Wait()
			require.False(t, returned.Load(), "the loop has not let go yet")
			close(m.done)
			synctest.Wait()
			require.True(t, returned.Load())

			returned = revoke()
			end()
			synctest.Wait()
			require.True(t, returned.Load(), "nobody lets go after the end of the session")
		})
	}
}

// A rebalance waits while a transaction is open, and takes nothing away from it: the partitions go to another member behind it.
func TestARebalanceWaitsForAnOpenTransaction(t *testing.T) {
	c := newCluster(t)
	var one *App
	var armed, open, cut atomic.Bool
	held := make(chan int, 2)
	log, said := said()
	hold := func(w *worker) error {
		open.Store(true)
		for asked := time.Now().Add(waitLimit); len(w.moves) == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(asked) {
				return errors.New("no rebalance has asked for anything")
			}
		}
		for until := time.Now().Add(time.Second); time.Now().Before(until) && !cut.Load(); {
			time.Sleep(time.Millisecond)
		}
		return nil
	}
	var w *worker
	first := Hooks{Step: func(_ int, step Step) (err error) {
		switch {
		case step == Produced && armed.Swap(false):
			if w, err = one.desk.find(at(0, 0)); err == nil {
				held <- len(w.running)
				err = hold(w)
			}
		case step == Ended && open.Swap(false):
			held <- len(w.running)
		}
		return err
	}}
	one, _ = c.run(Config{Workers: 1, Memory: true, Instance: "first", Logger: log, Hooks: first})
	c.held(c.counts(one), partitions)
	c.words(0, 100, 13)
	c.eventually(100)
	armed.Store(true)
	c.words(100, 100, 13)
	require.Equal(t, 2*partitions, <-held)
	two, _ := c.run(Config{Workers: 1, Memory: true, Instance: "second", Hooks: Hooks{Rebalanced: func(_ int, tasks []topology.TaskID) {
		cut.Store(cut.Load() || len(tasks) > 0 && open.Load())
	}}})
	require.Equal(t, 2*partitions, <-held, "tasks have gone while their transaction was open")
	require.False(t, cut.Load(), "another member has them while the transaction is open")
	c.held(c.counts(two), partitions/2)
	c.words(200, 100, 13)
	c.eventually(300)
	require.False(t, said("session ended", ""), "the transaction was cut off")
}
