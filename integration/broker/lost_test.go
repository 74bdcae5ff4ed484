package broker

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/worker"
)

// deafDialer loses answers to EndTxn: the broker has taken it, the client never hears.
type deafDialer struct {
	lose atomic.Int32 // how many answers to lose
	lost atomic.Int32
}

func (d *deafDialer) dial(ctx context.Context, network, host string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, host)
	if err != nil {
		return nil, err
	}
	return &deafConn{Conn: conn, d: d}, nil
}

type deafConn struct {
	net.Conn
	d    *deafDialer
	deaf atomic.Bool
}

const endTxn = 26 // the request's key, bytes 4 and 5 of its frame

func (c *deafConn) Write(p []byte) (int, error) {
	if len(p) >= 6 && p[4] == 0 && p[5] == endTxn && c.d.lose.Add(-1) >= 0 {
		c.deaf.Store(true)
	}
	return c.Conn.Write(p)
}

// Read waits for the answer, so that it is certain to have been given, and drops it.
func (c *deafConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.deaf.Load() {
		c.d.lost.Add(1)
		_ = c.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// A lost answer to EndTxn counts once, 25 times in a row: the client asks again on another
// connection and hears what became of the transaction, while its markers may still be under way.
func TestLostAnswerToEndTxnCountsOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	d := &deafDialer{}
	stop := s.start(worker.Config{Workers: 1, StateDir: t.TempDir(), Dial: d.dial})
	for i := range 25 {
		before := d.lost.Load()
		d.lose.Store(1)
		s.words(200, 13)
		s.settled()
		require.Equal(t, before+1, d.lost.Load(), "round %d: no answer was lost", i)
	}
	require.NoError(t, stop())
	t.Logf("%d answers lost, %d sessions ended", d.lost.Load(), s.sessionsEnded())
	s.positionsAgree()
}

// When no answer comes for longer than the client asks, the session ends and the next one reads
// from the broker what became of the transaction.
func TestUnansweredEndTxnIsSettledByTheNextSession(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	d := &deafDialer{}
	stop := s.start(worker.Config{Workers: 1, StateDir: t.TempDir(), Dial: d.dial})
	for range 3 {
		ended := s.sessionsEnded()
		d.lose.Store(1 << 20)
		s.words(200, 13)
		require.Eventually(t, func() bool { return s.sessionsEnded() > ended }, 20*time.Second, time.Millisecond)
		d.lose.Store(0)
		s.settled()
	}
	require.NoError(t, stop())
	s.positionsAgree()
}
