package worker

import (
	"encoding/binary"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
)

// A paused source is not read, also by a session that begins then; what lies behind it goes on, and nothing is lost.
func TestAPausedSourceWaitsAndTheRestGoesOn(t *testing.T) {
	c := newCluster(t)
	var crash atomic.Bool
	app, _ := c.run(Config{Workers: 1, Memory: true, Hooks: Hooks{Step: func(int, Step) error {
		if crash.Swap(false) {
			return errCrash
		}
		return nil
	}}})
	s := c.counts(app)
	c.words(0, 10, 1)
	c.eventually(10)
	const again = "app-again-repartition"
	require.NoError(t, app.Pause(again))
	c.words(10, 10, 1)
	require.Eventually(t, func() bool { return sourceLag(c, "words") == 0 }, 20*time.Second, 10*time.Millisecond, "the first stage does not commit")
	require.NoError(t, app.Pause("words"))
	require.Equal(t, []string{again, "words"}, app.Paused())
	crash.Store(true)
	require.NoError(t, app.Resume(again))
	c.eventually(20)
	require.False(t, crash.Load(), "no commit has crashed")
	c.words(20, 5, 1)
	c.held(s, partitions)
	require.Never(t, func() bool {
		value, ok, err := s.Get(t.Context(), []byte("w0"))
		return err == nil && ok && binary.BigEndian.Uint64(value) > 20
	}, 500*time.Millisecond, 50*time.Millisecond, "a session that began while it was paused reads it")
	require.NoError(t, app.Resume("words"))
	c.eventually(25)
	require.Empty(t, app.Paused())
	require.ErrorIs(t, app.Pause("counts"), ErrUnknownSource)
	require.ErrorIs(t, app.Resume("nowhere"), ErrUnknownSource)
}

// sourceLag is how many offsets of a topic the app has not committed.
func sourceLag(c *cluster, topic string) int64 {
	lags, err := kadm.NewClient(c.client).Lag(c.t.Context(), "app")
	require.NoError(c.t, err)
	var behind int64
	for _, p := range lags["app"].Lag[topic] {
		behind += max(p.Lag, 0)
	}
	return behind
}
