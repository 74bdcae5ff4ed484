package broker

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/worker"
)

// flakyDialer gives connections that break at random: before a request is written, or after it
// with its answer unread.
type flakyDialer struct {
	sync.Mutex
	rng    *rand.Rand
	on     atomic.Bool
	broken atomic.Int32
}

var errCut = errors.New("connection cut by the test")

func (d *flakyDialer) dial(ctx context.Context, network, host string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, host)
	if err != nil {
		return nil, err
	}
	return &flakyConn{Conn: conn, d: d}, nil
}

// breaks throws the dice: one request or answer in 150 meets a broken connection.
func (d *flakyDialer) breaks() bool {
	if !d.on.Load() {
		return false
	}
	d.Lock()
	defer d.Unlock()
	if d.rng.IntN(150) > 0 {
		return false
	}
	d.broken.Add(1)
	return true
}

type flakyConn struct {
	net.Conn
	d *flakyDialer
}

func (c *flakyConn) Write(p []byte) (int, error) {
	if c.d.breaks() {
		_ = c.Close()
		return 0, errCut
	}
	return c.Conn.Write(p)
}

func (c *flakyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.d.breaks() {
		_ = c.Close()
		return 0, errCut
	}
	return n, err
}

// Connections that break at any request, under load.
func TestBrokenConnectionsCountOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	d := &flakyDialer{rng: rand.New(rand.NewPCG(seed, 0))}
	stop := s.start(worker.Config{Workers: 2, StateDir: t.TempDir(), Dial: d.dial})
	unload := s.load(500)
	s.watch.allAfter(s.ends())
	d.on.Store(true)
	for d.broken.Load() < 40 {
		s.watch.allAfter(s.ends())
	}
	d.on.Store(false)
	unload()
	s.settled()
	require.NoError(t, stop())
	s.positionsAgree()
	t.Logf("%d connections broken, %d sessions ended", d.broken.Load(), s.sessionsEnded())
}
