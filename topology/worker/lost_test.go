package worker

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// deafDialer loses the answers to EndTxn: the broker has applied it, the client never hears.
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

const endTxn = 26

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

// A lost EndTxn response counts once: retried by the client, or settled by the next session.
func TestLostEndTxnResponseCountsOnce(t *testing.T) {
	for name, lose := range map[string]int32{"once, the client's retry is answered": 1, "often, the session ends": 8} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			d := &deafDialer{}
			c.startApp("app", Config{Workers: 1, StateDir: t.TempDir(), Dial: d.dial})
			c.words(0, 300, 13)
			c.eventually(300)
			d.lose.Store(lose)
			c.words(300, 300, 13)
			c.eventually(600)
			require.NotZero(t, d.lost.Load(), "no answer was lost: the test shows nothing")
			d.lose.Store(0)
			c.words(600, 300, 13)
			c.eventually(900)
		})
	}
}
