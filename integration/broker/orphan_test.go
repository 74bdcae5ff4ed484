package broker

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/worker"
)

// downDialer loses the broker at a JoinGroup request: from then on nothing is written and no
// connection opened, until it is up again.
type downDialer struct {
	armed atomic.Bool
	joins atomic.Int32 // requests that pass once it is armed
	down  atomic.Bool
}

var errDown = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

func (d *downDialer) dial(ctx context.Context, network, host string) (net.Conn, error) {
	if d.down.Load() {
		return nil, errDown
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, host)
	if err != nil {
		return nil, err
	}
	return &downConn{Conn: conn, d: d}, nil
}

type downConn struct {
	net.Conn
	d *downDialer
}

const joinGroup = 11 // the request's key, bytes 4 and 5 of its frame

func (c *downConn) Write(p []byte) (int, error) {
	if c.d.armed.Load() && len(p) >= 6 && p[4] == 0 && p[5] == joinGroup && c.d.joins.Add(-1) < 0 {
		c.d.down.Store(true)
	}
	if c.d.down.Load() {
		return 0, errors.Join(errDown, c.Close())
	}
	return c.Conn.Write(p)
}

// A static member lets go of tasks for another one and loses the broker before the join that would
// hand them on. It comes back with its old assignment and no rebalance: the tasks are nobody's
// until the leader of the group sees it.
func TestTasksLetGoBeforeALostJoinAreTakenUp(t *testing.T) {
	s := newScene(t)
	d := &downDialer{}
	s.start(worker.Config{Workers: 1, StateDir: t.TempDir(), Dial: d.dial})
	unload := s.load(300)
	s.watch.allAfter(s.ends())
	d.joins.Store(1)
	d.armed.Store(true)
	s.start(worker.Config{Workers: 1, StateDir: t.TempDir()})
	require.Eventually(t, func() bool { return s.sessionsEnded() > 0 }, 20*time.Second, time.Millisecond)
	d.armed.Store(false)
	d.down.Store(false)
	up := time.Now()
	t.Logf("all tasks at work %v after the broker is back", s.watch.allAfter(s.ends()).Sub(up))
	require.NotZero(t, s.journal.FilterMessageSnippet("without an owner").Len(), "no task was left without an owner: the test shows nothing")
	unload()
	s.settled()
}
