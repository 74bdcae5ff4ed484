package broker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/integration/deaf"
	"github.com/abacus-stream/abacus/topology/worker"
)

// A lost answer to EndTxn counts once, 25 times in a row: the client asks again on another
// connection and hears what became of the transaction, while its markers may still be under way.
func TestLostAnswerToEndTxnCountsOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	d := &deaf.Dialer{}
	stop := s.start(worker.Config{Workers: 1, StateDir: t.TempDir(), Dial: d.Dial})
	for i := range 25 {
		before := d.Lost.Load()
		d.Lose.Store(1)
		s.words(200, 13)
		s.settled()
		require.Equal(t, before+1, d.Lost.Load(), "round %d: no answer was lost", i)
	}
	require.NoError(t, stop())
	t.Logf("%d answers lost, %d sessions ended", d.Lost.Load(), s.sessionsEnded())
	s.positionsAgree()
}

// When no answer comes for longer than the client asks, the session ends and the next one reads
// from the broker what became of the transaction.
func TestUnansweredEndTxnIsSettledByTheNextSession(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	d := &deaf.Dialer{}
	stop := s.start(worker.Config{Workers: 1, StateDir: t.TempDir(), Dial: d.Dial})
	for range 3 {
		ended := s.sessionsEnded()
		d.Lose.Store(1 << 20)
		s.words(200, 13)
		require.Eventually(t, func() bool { return s.sessionsEnded() > ended }, 20*time.Second, time.Millisecond)
		d.Lose.Store(0)
		s.settled()
	}
	require.NoError(t, stop())
	s.positionsAgree()
}
