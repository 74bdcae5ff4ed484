package sim

import (
	"bufio"
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// echo answers each request as a broker does: a length, the correlation id, the key as it came.
func echo(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = c.Close() }()
			size, body := make([]byte, 4), make([]byte, 8)
			for {
				if _, err := io.ReadFull(c, size); err != nil {
					return
				}
				if _, err := io.ReadFull(c, body); err != nil {
					return
				}
				if _, err := c.Write([]byte{0, 0, 0, 6, body[4], body[5], body[6], body[7], body[0], body[1]}); err != nil {
					return
				}
			}
		}()
	}
}

// asker is a client with one connection.
type asker struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	n    byte
}

func dial(t *testing.T, k *link, host string) *asker {
	conn, err := k.dial(context.Background(), "tcp", host)
	require.NoError(t, err)
	return &asker{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// ask sends a request of a key and reads the answer, for at most a minute.
func (a *asker) ask(key byte) error {
	a.n++
	_ = a.conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := a.conn.Write([]byte{0, 0, 0, 8, 0, key, 0, 0, 0, 0, 0, a.n}); err != nil {
		return err
	}
	answer := make([]byte, 10)
	_, err := io.ReadFull(a.in, answer)
	if err == nil {
		require.Equal(a.t, []byte{0, 0, 0, 6, 0, 0, 0, a.n, 0, key}, answer)
	}
	return err
}

// connected runs a test with a link to a broker that answers.
func connected(t *testing.T, test func(t *testing.T, k *link, host string)) {
	synctest.Test(t, func(t *testing.T) {
		var n network
		l, err := n.Listen("", "")
		require.NoError(t, err)
		go echo(l)
		k := n.link()
		test(t, k, l.Addr().String())
		k.cut()
		require.NoError(t, l.Close())
	})
}

func TestAnswersAreLostByKey(t *testing.T) {
	connected(t, func(t *testing.T, k *link, host string) {
		a := dial(t, k, host)
		lost := &loss{key: 26, left: 1}
		k.lose(lost)
		require.NoError(t, a.ask(0))
		require.ErrorIs(t, a.ask(26), io.EOF)
		require.NoError(t, dial(t, k, host).ask(26), "one answer was to be lost")
		require.Equal(t, 1, k.end(lost))
	})
}

func TestASilentLossLeavesTheConnectionOpen(t *testing.T) {
	connected(t, func(t *testing.T, k *link, host string) {
		a := dial(t, k, host)
		k.lose(&loss{key: 26, left: 1, silent: true})
		began := time.Now()
		require.ErrorContains(t, a.ask(26), "timeout")
		require.Equal(t, time.Minute, time.Since(began))
	})
}

func TestAStallEnds(t *testing.T) {
	connected(t, func(t *testing.T, k *link, host string) {
		a, began := dial(t, k, host), time.Now()
		k.stall(20 * time.Second)
		require.NoError(t, a.ask(3))
		require.Equal(t, 20*time.Second, time.Since(began))
		require.NoError(t, a.ask(3))
		require.Equal(t, 20*time.Second, time.Since(began))
	})
}

func TestACutAndAWayBack(t *testing.T) {
	connected(t, func(t *testing.T, k *link, host string) {
		a := dial(t, k, host)
		require.Equal(t, 1, k.cut())
		require.Error(t, a.ask(3))
		a = dial(t, k, host)
		k.reach(false)
		require.Error(t, a.ask(3))
		_, err := k.dial(context.Background(), "tcp", host)
		require.ErrorIs(t, err, errUnreachable)
		k.reach(true)
		require.NoError(t, dial(t, k, host).ask(3))
	})
}
