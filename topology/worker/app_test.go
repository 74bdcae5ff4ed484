package worker

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology"
)

func TestCountsThroughTwoHops(t *testing.T) {
	c := newCluster(t)
	c.words(0, 1000, 37)
	stop := c.startApp("app", Config{Workers: 2, Memory: true})
	c.eventually(1000)
	c.words(1000, 500, 37)
	c.eventually(1500)
	require.NoError(t, stop())
	require.Len(t, c.last("counts"), 37)
}

func TestRestartGoesOnFromLocalState(t *testing.T) {
	c := newCluster(t)
	dir := t.TempDir()
	c.words(0, 1000, 37)
	stop := c.startApp("app", Config{Workers: 1, StateDir: dir})
	c.eventually(1000)
	require.NoError(t, stop())
	c.words(1000, 500, 37)
	c.startApp("app", Config{Workers: 1, StateDir: dir})
	c.eventually(1500)
}

// An App is of one run: what it has closed is not opened again.
func TestAnAppRunsOnce(t *testing.T) {
	c := newCluster(t)
	a, err := New(counting(t, "app"), Config{Brokers: c.brokers, Workers: 1, Memory: true})
	require.NoError(t, err)
	c.words(0, 10, 3)
	stop := c.start(a)
	c.eventually(10)
	require.ErrorContains(t, a.Run(t.Context()), "it has been run already", "while it runs")
	require.NoError(t, stop())
	require.ErrorContains(t, a.Run(t.Context()), "it has been run already", "afterwards")
}

// A stop is no failure, whatever cause its context gives for it; nor is a deadline.
func TestAStopWithACauseIsAStop(t *testing.T) {
	c := newCluster(t)
	c.words(0, 10, 3)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	stopping := Hooks{Committed: func(int, int, time.Duration) { cancel(errors.New("the machine goes down")) }}
	a, err := New(counting(t, "app"), Config{Brokers: c.brokers, Workers: 1, Memory: true, Hooks: stopping})
	require.NoError(t, err)
	require.NoError(t, a.Run(ctx))
	require.EqualError(t, context.Cause(ctx), "the machine goes down")
}

// What stops the app is its error also where it is one of time.
func TestAFailureOfTimeIsAFailure(t *testing.T) {
	c := newCluster(t)
	c.words(0, 10, 3)
	topo := steppingTopology(t, func() error { return context.DeadlineExceeded }, topology.Retry{Tries: 1})
	stop := c.begin(topo, Config{Workers: 1, Memory: true})
	require.Eventually(t, func() bool { return c.alive.Load() == 0 }, waitLimit, tick)
	require.ErrorIs(t, stop(), context.DeadlineExceeded)
}

// To be told to stop is no fault, also while the app still opens what it needs.
func TestStoppedBeforeItHasBegunIsNoError(t *testing.T) {
	c := newCluster(t)
	app, err := New(counting(t, "app"), Config{Brokers: c.brokers, Memory: true})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, app.Run(ctx))
}
