package worker

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
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

// To be told to stop is no fault, also while the app still opens what it needs.
func TestStoppedBeforeItHasBegunIsNoError(t *testing.T) {
	c := newCluster(t)
	app, err := New(counting(t, "app"), Config{Brokers: c.brokers, Memory: true})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, app.Run(ctx))
}
