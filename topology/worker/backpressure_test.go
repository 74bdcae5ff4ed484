package worker

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A repartition topic whose reader is slow holds back the sources that feed it until the reader has caught up, and a
// session that begins meanwhile does not read them either.
func TestASlowReaderHoldsItsSourcesBack(t *testing.T) {
	c := newCluster(t)
	var mu sync.Mutex
	var held []string
	app, _ := c.run(Config{Workers: 1, Memory: true, RepartitionLag: 50, Hooks: Hooks{Reported: func(r Report) {
		mu.Lock()
		defer mu.Unlock()
		held = r.HeldBack
	}}})
	reports := func(topics ...string) {
		t.Helper()
		require.Eventually(t, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return slices.Equal(held, topics)
		}, 20*time.Second, 10*time.Millisecond)
	}
	c.words(0, 10, 1)
	c.eventually(10)
	const again = "app-again-repartition"
	require.NoError(t, app.Pause(again)) // the slow reader
	c.words(10, 100, 1)
	reports("words")
	require.Greater(t, sourceLag(c, again), int64(50))
	c.words(110, 100, 1)
	require.Never(t, func() bool { return sourceLag(c, "words") < 100 }, 500*time.Millisecond, 50*time.Millisecond, "the source is read")
	require.NoError(t, app.Resume("words")) // what the user says is another matter
	require.Never(t, func() bool { return sourceLag(c, "words") < 100 }, 500*time.Millisecond, 50*time.Millisecond, "the source is read")
	require.NoError(t, app.Resume(again))
	c.eventually(210)
	reports()
}

func TestANegativeRepartitionLagHoldsNothingBack(t *testing.T) {
	c := newCluster(t)
	app, _ := c.run(Config{Workers: 1, Memory: true, RepartitionLag: -1})
	require.NoError(t, app.Pause("app-again-repartition"))
	c.words(0, 1000, 1)
	require.Eventually(t, func() bool { return sourceLag(c, "words") == 0 }, 20*time.Second, 10*time.Millisecond)
}
