package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// panesOf reads all rows of an app of the trimmed topology, if it answers.
func panesOf(t *testing.T, app *App) (keys []string, ok bool) {
	t.Helper()
	s, err := app.Store("panes")
	require.NoError(t, err)
	for row, err := range s.Range(t.Context(), Span{}) {
		if err != nil {
			return nil, false
		}
		keys = append(keys, string(row.Key))
	}
	return keys, len(s.Held()) == partitions
}

// A trim that the log has and the disk does not take stops the app. Until then no row that it removed is read again, and the
// next start makes up for it, from what is left on the disk or without.
func TestATrimOnAFullDiskStopsTheAppAndIsMadeUpFor(t *testing.T) {
	for _, stops := range []bool{false, true} {
		t.Run(fmt.Sprintf("met at a stop %v", stops), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			disk, full := badDisk(syscall.ENOSPC)
			cfg := Config{Workers: 1, StateDir: t.TempDir(), CheckpointEvery: 5 * time.Millisecond, disk: disk}
			if stops {
				cfg.CheckpointEvery = time.Hour
			}
			c.values("a1", "a2", "b1")
			c.runTrimmed(cfg, "a1", "a2", "b1")
			app, err := New(trimmed(t), c.to(cfg))
			require.NoError(t, err)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			ended := make(chan error, 1)
			go func() { ended <- app.Run(ctx) }()
			sees := func(first string) {
				t.Helper()
				require.Eventually(t, func() bool {
					keys, ok := panesOf(t, app)
					return ok && keys[0] == first
				}, waitLimit, tick)
			}
			sees("a1")
			full.Store(!stops)
			c.values("<b")
			want := []string{"b1"}
			if stops {
				sees("b1")
				full.Store(true)
				stop()
			}
			for gone, end := stops, time.Now().Add(waitLimit); err == nil; {
				require.True(t, time.Now().Before(end), "the app goes on")
				if !stops && len(want) < 200 { // the engine writes its log in blocks
					want = append(want, fmt.Sprintf("c%03d %s", len(want), strings.Repeat("x", 10_000)))
					c.values(want[len(want)-1])
				}
				if keys, ok := panesOf(t, app); ok {
					require.False(t, gone && keys[0] < "b", "a row that was trimmed is back")
					gone = gone || keys[0] >= "b"
				}
				select {
				case err = <-ended:
				case <-time.After(tick):
				}
			}
			require.ErrorIs(t, err, syscall.ENOSPC)
			require.ErrorContains(t, err, "state directory "+cfg.StateDir+" is full, make room and start the app again")
			full.Store(false)
			c.runTrimmed(cfg, want...)
			c.runTrimmed(Config{StateDir: t.TempDir()}, want...)
		})
	}
}

// failing is a store of which a batch fails, before or after it has come to the engine.
type failing struct {
	state.Store
	after bool
}

var errBatch = errors.New("batch of the test")

func (s *failing) Apply(b *state.Batch) error {
	if s.after {
		if err := s.Store.Apply(b); err != nil {
			return err
		}
	}
	return errBatch
}

// A standby whose batch fails is told and not read any more. It begins again where its store is, and ends with the rows of
// the task.
func TestAStandbyWhoseBatchFailsBeginsAgain(t *testing.T) {
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after it was applied %v", after), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			one, _ := c.run(Config{Workers: 1, Memory: true})
			c.words(0, 300, 40)
			c.eventually(300)
			log, said := said()
			two, err := New(counting(t, "app"), c.to(Config{StateDir: t.TempDir(), Logger: log}))
			require.NoError(t, err)
			require.NoError(t, two.open(t.Context()))
			t.Cleanup(func() { require.NoError(t, two.close()) })
			id, s := topology.TaskID{Sub: 1}, two.copies
			s.assign(0, standing{id: false})
			require.NoError(t, s.connect())
			t.Cleanup(func() { s.client.Close() })
			follow := func(until func() bool) {
				t.Helper()
				for end := time.Now().Add(waitLimit); !until(); {
					require.True(t, time.Now().Before(end), "the standby does not come along")
					s.settle(t.Context())
					s.poll(t.Context())
					s.measureIfDue(t.Context(), time.Now())
					s.publish()
				}
			}
			near := func() bool {
				r, ok := s.report(id)
				return ok && r.Lag == 0 && r.Records > 0
			}
			want := func() map[string]int64 { return countsIn(t, c.counts(one), Span{Partitions: []int32{0}}) }
			follow(near)
			require.Equal(t, want(), rowsOf(t, two, id))

			r := s.open[id].replicas[0]
			r.store = &failing{r.store, after}
			c.words(300, 300, 40)
			c.eventually(600)
			follow(func() bool { return s.open[id] == nil })
			require.True(t, said("standby failed", errBatch.Error()))
			_, told := s.report(id)
			require.False(t, told, "it is read as if nothing had failed")
			require.ErrorIs(t, s.read(id, two.topo.Subs[1].Stores[0], time.Hour, func(*state.View) error { return nil }), ErrNotHeld)

			s.failed[id] = time.Now().Add(-time.Minute)
			follow(near)
			require.Equal(t, want(), rowsOf(t, two, id))
			require.False(t, said("state is rebuilt", ""), "its store was right up to its checkpoint")
		})
	}
}

// A disk that fills up under standbys stops their app, though no task of it writes there, and the others go on. With room
// again its standbys come to be what they are copies of.
func TestAFullDiskUnderStandbysStopsTheirApp(t *testing.T) {
	c := newCluster(t)
	one, _ := c.run(Config{Workers: 1, Memory: true, Standbys: 1})
	c.words(0, 300, 13)
	c.eventually(300)
	disk, full := badDisk(syscall.ENOSPC)
	cfg := Config{Workers: 1, StateDir: t.TempDir(), CheckpointEvery: time.Hour, Standbys: 1, disk: disk}
	two, err := New(counting(t, "app"), c.to(cfg))
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- two.Run(t.Context()) }()
	c.held(c.counts(two), partitions/2)
	c.stands(two, partitions)
	full.Store(true)
	records := 300
	for end := time.Now().Add(waitLimit); err == nil; records += 1000 {
		require.True(t, time.Now().Before(end), "the app goes on")
		c.words(records, 1000, 1000)
		select {
		case err = <-ended:
		case <-time.After(tick):
		}
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "state directory "+cfg.StateDir+" is full")
	c.eventually(int64(records))
	full.Store(false)
	again, _ := c.run(cfg)
	c.held(c.counts(again), partitions/2)
	c.stands(again, partitions)
	c.words(records, 1000, 1000)
	c.eventually(int64(records + 1000))
	require.Eventually(t, func() bool {
		found := map[string]int64{}
		for _, a := range []*App{one, again} {
			for _, p := range others(c.counts(a)) {
				for word, n := range rowsOf(t, a, at(1, int(p))) {
					found[word] = n
				}
			}
		}
		return sum(found) == int64(records+1000)
	}, waitLimit, 50*time.Millisecond, "standbys differ from what they are copies of")
}
