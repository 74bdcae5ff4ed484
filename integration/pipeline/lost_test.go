package pipeline

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/worker"
)

// deafDialer loses answers to EndTxn: the broker has applied it, the client never hears.
type deafDialer struct {
	lose, lost atomic.Int32 // answers still to lose, answers lost
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

func (c *deafConn) Write(b []byte) (int, error) {
	if len(b) >= 6 && b[4] == 0 && b[5] == endTxn && c.d.lose.Add(-1) >= 0 {
		c.deaf.Store(true)
	}
	return c.Conn.Write(b)
}

// Read waits for the answer, so that it is certain to have been given, and drops it.
func (c *deafConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.deaf.Load() {
		c.d.lost.Add(1)
		_ = c.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// A commit whose answer is lost counts once: the client's retry is answered, or a new session asks
// the broker what became of it.
func TestLostEndTxnResponseCountsOnce(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		for name, lose := range map[string]int32{"once, the retry is answered": 1, "often, the session ends": 5} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p, f, d := k.pipeline(t, setup{}), newTraffic(7, 50, minutesAgo(6), 40), &deafDialer{}
				p.register(button, wording, ranker)
				x := p.start(worker.Config{StateDir: t.TempDir(), Dial: d.dial})
				p.send(f.next(1000)...)
				p.settle()
				d.lose.Store(lose)
				p.send(f.next(500)...)
				p.settle()
				require.GreaterOrEqual(t, d.lost.Load(), lose, "no answer was lost: the test shows nothing")
				p.send(f.next(500)...)
				p.finish(x)
			})
		}
	})
}
