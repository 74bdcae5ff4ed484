package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"
)

var errUnreachable = errors.New("the simulated network does not reach the broker")

// network connects lives to brokers by pipes in memory, on which a goroutine in a bubble waits as on a channel.
type network struct {
	mu struct {
		sync.Mutex
		listeners map[string]*listener // by port
		last      int                  // port given
	}
}

// listener is a broker's port.
type listener struct {
	net    *network
	port   string
	accept chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// Listen is for kfake.
func (n *network) Listen(_, _ string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.mu.listeners == nil {
		n.mu.listeners, n.mu.last = map[string]*listener{}, 9091
	}
	n.mu.last++
	l := &listener{net: n, port: strconv.Itoa(n.mu.last), accept: make(chan net.Conn), closed: make(chan struct{})}
	n.mu.listeners[l.port] = l
	return l, nil
}

func (n *network) listener(address string) *listener {
	_, port, _ := net.SplitHostPort(address)
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.mu.listeners[port]
}

// Accept gives the broker's end of the next connection.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the listening; connections stay.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is where the broker says it is.
func (l *listener) Addr() net.Addr { return address(l.port) }

type address string

func (address) Network() string  { return "pipe" }
func (a address) String() string { return "127.0.0.1:" + string(a) }

// link is the way of one life to the brokers: what happens to it happens to all of its connections.
type link struct {
	net *network
	mu  struct {
		sync.Mutex
		open    map[*conn]bool
		down    bool
		stalled time.Time // until then
		losses  []*loss
	}
}

// loss drops answers to requests of a kind: the broker has carried the request out, the client never hears of it.
type loss struct {
	key    int16
	left   int
	silent bool // the connection stays, and nothing comes
	lost   int
}

func (n *network) link() *link {
	k := &link{net: n}
	k.mu.open = map[*conn]bool{}
	return k
}

// dial connects to a broker, for worker.Config.Dial.
func (k *link) dial(ctx context.Context, _, host string) (net.Conn, error) {
	l := k.net.listener(host)
	if l == nil {
		return nil, fmt.Errorf("dial %s: no broker: %w", host, errUnreachable)
	}
	near, far := net.Pipe()
	c := &conn{Conn: far, link: k, gone: make(chan struct{})}
	if !k.add(c) {
		return nil, fmt.Errorf("dial %s: %w", host, errUnreachable)
	}
	select {
	case l.accept <- c:
		return near, nil
	case <-l.closed:
	case <-ctx.Done():
	}
	return nil, errors.Join(fmt.Errorf("dial %s: %w", host, errUnreachable), c.Close())
}

func (k *link) add(c *conn) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.mu.down {
		k.mu.open[c] = true
	}
	return !k.mu.down
}

// cut closes every connection; the next ones may be dialled at once.
func (k *link) cut() int {
	k.mu.Lock()
	open := k.mu.open
	k.mu.open = map[*conn]bool{}
	k.mu.Unlock()
	for c := range open {
		_ = c.Close()
	}
	return len(open)
}

// reach says whether the brokers can be reached at all; what is open is cut when they cannot.
func (k *link) reach(ok bool) {
	k.mu.Lock()
	k.mu.down = !ok
	k.mu.Unlock()
	if !ok {
		k.cut()
	}
}

// stall lets nothing through for a while, in either direction; then all of it.
func (k *link) stall(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.mu.stalled = time.Now().Add(d)
}

// lose has the next answers to a kind of request dropped.
func (k *link) lose(l *loss) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.mu.losses = append(k.mu.losses, l)
}

// end has no more answers dropped and says how many were.
func (k *link) end(l *loss) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	l.left = 0
	return l.lost
}

// loses says whether the answer to a request is dropped, and whether the connection stays.
func (k *link) loses(key int16) (lost, silent bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range k.mu.losses {
		if l.key == key && l.left > 0 {
			l.left--
			l.lost++
			return true, l.silent
		}
	}
	return false, false
}

// wait is how long the link is still stalled.
func (k *link) wait() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return time.Until(k.mu.stalled)
}
