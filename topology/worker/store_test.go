package worker

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"
)

// run runs an app of the counting topology that the test keeps hold of.
func (c *cluster) run(cfg Config) (a *App, stop func() error) {
	c.t.Helper()
	cfg.Brokers = c.brokers
	if cfg.Logger == nil {
		cfg.Logger = zaptest.NewLogger(c.t, zaptest.Level(zap.WarnLevel))
	}
	a, err := New(counting(c.t, "app"), cfg)
	require.NoError(c.t, err)
	return a, c.start(a)
}

func (c *cluster) counts(a *App) *Store {
	c.t.Helper()
	s, err := a.Store("counted")
	require.NoError(c.t, err)
	return s
}

// held waits until an app runs all tasks of a store that it is to have.
func (c *cluster) held(s *Store, want int) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		rows := 0
		for _, err := range s.Range(c.t.Context(), Span{}) {
			if err != nil {
				return false
			}
			rows++
		}
		return len(s.Held()) == want
	}, 20*time.Second, 10*time.Millisecond, "held are %v", s.Held())
}

func TestAStoreIsReadWhileItsAppRuns(t *testing.T) {
	c := newCluster(t)
	c.words(0, 1000, 37)
	app, _ := c.run(Config{Workers: 2, Memory: true, CheckpointEvery: time.Hour})
	s := c.counts(app)
	c.eventually(1000)
	want := c.last("counts")
	for word, n := range want {
		value, ok, err := s.Get(t.Context(), []byte(word))
		require.NoError(t, err)
		require.True(t, ok, "%s", word)
		require.EqualValues(t, n, binary.BigEndian.Uint64(value))
	}
	_, ok, err := s.Get(t.Context(), []byte("never seen"))
	require.NoError(t, err)
	require.False(t, ok)
	require.Equal(t, want, countsIn(t, s, Span{}))
	require.Equal(t, want, countsIn(t, s, Span{Reverse: true}))
	require.Equal(t, []int32{0, 1, 2, 3}, s.Held())
}

func countsIn(t *testing.T, s *Store, span Span) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	for row, err := range s.Range(t.Context(), span) {
		require.NoError(t, err)
		p, err := s.PartitionOf(row.Key)
		require.NoError(t, err)
		require.Equal(t, p, row.Partition)
		found[string(row.Key)] = int64(binary.BigEndian.Uint64(row.Value))
	}
	return found
}

// A range is whole and in order over more rows than a page has.
func TestRangesAreReadInPages(t *testing.T) {
	c := newCluster(t)
	const words = 4*pageRows + 1000
	c.words(0, words, words)
	app, _ := c.run(Config{Workers: 1, Memory: true})
	s := c.counts(app)
	c.eventually(words)
	keys := func(span Span) (keys [][]byte) {
		for row, err := range s.Range(t.Context(), span) {
			require.NoError(t, err)
			keys = append(keys, row.Key)
		}
		return keys
	}
	total := 0
	for p := range int32(partitions) {
		all := keys(Span{Partitions: []int32{p}})
		require.Greater(t, len(all), pageRows)
		require.True(t, slices.IsSortedFunc(all, bytes.Compare))
		total += len(all)
		back := keys(Span{Partitions: []int32{p}, Reverse: true})
		slices.Reverse(back)
		require.Equal(t, all, back)
		low, high := all[len(all)/3], all[2*len(all)/3]
		require.Equal(t, all[len(all)/3:2*len(all)/3], keys(Span{Partitions: []int32{p}, From: low, To: high}))
	}
	require.Equal(t, words, total)
}

// While a commit does not come to its end, nobody sees what it is about; afterwards everybody does.
func TestOnlyCommittedRowsAreShown(t *testing.T) {
	c := newCluster(t)
	var hold atomic.Bool
	held, release := make(chan struct{}), make(chan struct{})
	app, _ := c.run(Config{Workers: 1, Memory: true, Hooks: Hooks{Step: func(_ int, step Step) error {
		if step == Ended && hold.Swap(false) {
			return errCrash // committed, but this worker does not know
		}
		if step == Flushed && hold.Load() {
			close(held)
			<-release
		}
		return nil
	}}})
	s := c.counts(app)
	c.words(0, 100, 1)
	c.eventually(100)
	hold.Store(true)
	c.words(100, 1, 1)
	<-held
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err := s.Get(ctx, []byte("w0"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	close(release)
	var last int64
	require.Eventually(t, func() bool {
		value, ok, err := s.Get(t.Context(), []byte("w0"))
		if err != nil {
			require.True(t, errors.Is(err, ErrRestoring) || errors.Is(err, ErrNotHeld), "%v", err)
			return false
		}
		require.True(t, ok)
		last = int64(binary.BigEndian.Uint64(value))
		return last == 101
	}, 20*time.Second, 5*time.Millisecond)
	require.EqualValues(t, 101, c.last("counts")["w0"])
}

// A count that has been read is in the topic, though commits are slow and rows lie uncommitted for long.
func TestReadsAreNotAheadOfTheLog(t *testing.T) {
	c := newCluster(t)
	app, _ := c.run(Config{Workers: 1, Memory: true, CommitEvery: time.Second, Hooks: Hooks{Step: func(_ int, step Step) error {
		if step == Flushed {
			time.Sleep(20 * time.Millisecond) // the next commit keeps twice as long a distance
		}
		return nil
	}}})
	s := c.counts(app)
	c.held(s, partitions)
	for n := range int64(15) {
		c.words(int(n), 1, 1)
		require.Eventually(t, func() bool {
			value, ok, err := s.Get(t.Context(), []byte("w0"))
			require.NoError(t, err)
			return ok && int64(binary.BigEndian.Uint64(value)) == n+1
		}, 20*time.Second, time.Millisecond)
		require.Equal(t, n+1, c.last("counts")["w0"])
	}
}

// What is read is never behind what a topic has shown, nor back behind an earlier read.
func TestReadsGoForwardUnderLoadAndCrashes(t *testing.T) {
	c := newCluster(t)
	var commits atomic.Int64
	app, _ := c.run(Config{Workers: 2, StateDir: t.TempDir(), CheckpointEvery: 20 * time.Millisecond, Hooks: Hooks{Step: func(_ int, step Step) error {
		if n := commits.Add(1); n%97 == 0 {
			return fmt.Errorf("at %d: %w", step, errCrash)
		}
		return nil
	}}})
	s := c.counts(app)
	seen := map[string]int64{}
	look := func() (total int64) {
		for i := range 7 {
			word := fmt.Sprintf("w%d", i)
			value, ok, err := s.Get(t.Context(), []byte(word))
			if err == nil && ok {
				n := int64(binary.BigEndian.Uint64(value))
				require.GreaterOrEqual(t, n, seen[word])
				seen[word] = n
			}
			total += seen[word]
		}
		return total
	}
	for i := range 60 {
		c.words(i*50, 50, 7)
		shown := c.last("counts")
		look()
		for word, n := range shown {
			if value, ok, err := s.Get(t.Context(), []byte(word)); err == nil {
				require.True(t, ok)
				require.GreaterOrEqual(t, int64(binary.BigEndian.Uint64(value)), n)
			}
		}
	}
	require.Eventually(t, func() bool { return look() == 3000 }, 30*time.Second, 10*time.Millisecond)
}

func TestQueriesThatCannotBeAnsweredSayWhy(t *testing.T) {
	c := newCluster(t)
	app, stop := c.run(Config{Workers: 1, Memory: true})
	for _, name := range []string{"count", "counted-task", ""} {
		_, err := app.Store(name)
		require.ErrorIs(t, err, ErrUnknownStore)
	}
	s := c.counts(app)
	c.held(s, partitions)
	_, _, err := s.GetIn(t.Context(), partitions, []byte("w0"))
	require.ErrorIs(t, err, ErrNotHeld)
	require.ErrorContains(t, err, "store counted, partition 4")
	require.NoError(t, stop())
	_, _, err = s.Get(t.Context(), []byte("w0"))
	require.ErrorIs(t, err, ErrNotRunning)
	for _, err := range s.Range(t.Context(), Span{}) {
		require.ErrorIs(t, err, ErrNotRunning)
	}
	early, err := New(counting(t, "app"), Config{Brokers: c.brokers, Memory: true})
	require.NoError(t, err)
	_, _, err = c.counts(early).Get(t.Context(), []byte("w0"))
	require.ErrorIs(t, err, ErrNotRunning)
}

// Two instances have each key once between them, also after one has gone.
func TestInstancesAnswerForWhatTheyHold(t *testing.T) {
	c := newCluster(t)
	first, _ := c.run(Config{Workers: 1, Memory: true})
	second, stop := c.run(Config{Workers: 1, Memory: true})
	one, two := c.counts(first), c.counts(second)
	c.held(one, partitions/2)
	c.held(two, partitions/2)
	c.words(0, 300, 29)
	c.eventually(300)
	for word, n := range c.last("counts") {
		value, ok, err := one.Get(t.Context(), []byte(word))
		if err != nil {
			require.ErrorIs(t, err, ErrNotHeld)
			value, ok, err = two.Get(t.Context(), []byte(word))
		}
		require.NoError(t, err)
		require.True(t, ok)
		require.EqualValues(t, n, binary.BigEndian.Uint64(value))
	}
	require.NoError(t, stop())
	c.held(one, partitions)
	require.Equal(t, c.last("counts"), countsIn(t, one, Span{}))
}
