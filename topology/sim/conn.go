package sim

import (
	"encoding/binary"
	"net"
	"sync"
	"time"
)

// conn is the broker's end of a connection. It reads the head of each request, so that the answer to
// it can be dropped, and holds everything back while its link is stalled.
type conn struct {
	net.Conn
	link  *link
	once  sync.Once
	gone  chan struct{}
	sized bool // the length of a request has been read, its head comes next
	mute  bool // an answer has been dropped: the client hears no more of this connection
	mu    struct {
		sync.Mutex
		asked map[int32]int16 // requests in flight: correlation id -> key
	}
}

// Close ends both directions.
func (c *conn) Close() error {
	c.once.Do(func() {
		close(c.gone)
		c.link.mu.Lock()
		delete(c.link.mu.open, c)
		c.link.mu.Unlock()
	})
	return c.Conn.Close()
}

// Read relies on the broker reading a length of 4 bytes, then the request.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		return n, err
	}
	switch {
	case len(p) == 4:
		c.sized = true
	case c.sized && n >= 8:
		c.note(int32(binary.BigEndian.Uint32(p[4:])), int16(binary.BigEndian.Uint16(p)))
		c.sized = false
	}
	return n, c.hold()
}

// Write relies on the broker writing each answer at once: length, correlation id, the rest.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.hold(); err != nil {
		return 0, err
	}
	if len(p) >= 8 && !c.mute {
		if key, ok := c.answered(int32(binary.BigEndian.Uint32(p[4:]))); ok {
			lost, silent := c.link.loses(key)
			if lost && !silent {
				return len(p), c.Close()
			}
			c.mute = lost
		}
	}
	if c.mute {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *conn) note(correlation int32, key int16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.asked == nil {
		c.mu.asked = map[int32]int16{}
	}
	c.mu.asked[correlation] = key
}

func (c *conn) answered(correlation int32) (key int16, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key, ok = c.mu.asked[correlation]
	delete(c.mu.asked, correlation)
	return key, ok
}

// hold waits until the link is not stalled, or the connection is gone.
func (c *conn) hold() error {
	for d := c.link.wait(); d > 0; d = c.link.wait() {
		timer := time.NewTimer(d)
		select {
		case <-timer.C:
		case <-c.gone:
			timer.Stop()
			return net.ErrClosed
		}
	}
	return nil
}
