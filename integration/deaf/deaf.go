// Package deaf connects to a Kafka and loses answers on purpose.
package deaf

import (
	"context"
	"io"
	"net"
	"sync/atomic"
)

// Dialer loses answers to EndTxn: the broker has ended the transaction, the client never hears.
type Dialer struct {
	Lose atomic.Int32 // answers still to lose
	Lost atomic.Int32 // answers lost
}

// Dial is the Dial of a worker.Config.
func (d *Dialer) Dial(ctx context.Context, network, host string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, host)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, d: d}, nil
}

type conn struct {
	net.Conn
	d    *Dialer
	deaf atomic.Bool
}

const endTxn = 26 // the request's key, bytes 4 and 5 of its frame

func (c *conn) Write(b []byte) (int, error) {
	if len(b) >= 6 && b[4] == 0 && b[5] == endTxn && c.d.Lose.Add(-1) >= 0 {
		c.deaf.Store(true)
	}
	return c.Conn.Write(b)
}

// Read waits for the answer, so that it is certain to have been given, and drops it.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.deaf.Load() {
		c.d.Lost.Add(1)
		_ = c.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}
