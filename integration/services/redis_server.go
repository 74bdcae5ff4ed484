package services

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// RedisServer is a Redis that keeps nothing on disk.
type RedisServer struct {
	Addr    string // host:port
	path    string // of the program
	dir     string // log
	process *Process
}

// newRedisServer starts a Redis; a port that another process took in the meantime is a reason to
// try others.
func newRedisServer(path string) (*RedisServer, error) {
	r := &RedisServer{path: path}
	for try := 0; ; try++ {
		ports, err := freePorts(1)
		if err != nil {
			return nil, err
		}
		if r.dir, err = os.MkdirTemp("", "abacus-redis-"); err != nil {
			return nil, err
		}
		r.Addr = ports[0]
		if err = r.start(); err == nil {
			return r, nil
		}
		r.end(try == 2)
		if try == 2 {
			return nil, err
		}
		say("Redis did not start, trying another port: %v", err)
	}
}

func (r *RedisServer) log() string { return filepath.Join(r.dir, "redis.log") }

// start starts the process and waits until it answers.
func (r *RedisServer) start() (err error) {
	host, port, err := net.SplitHostPort(r.Addr)
	if err != nil {
		return err
	}
	r.process, err = Start(exec.Command(r.path, "--bind", host, "--port", port, "--dir", r.dir, "--logfile", r.log(), "--save", "", "--appendonly", "no"))
	if err != nil {
		return err
	}
	deadline := time.After(10 * time.Second)
	for {
		if err = pong(r.Addr); err == nil {
			return nil
		}
		select {
		case <-r.process.Ended():
			return fmt.Errorf("redis-server ended: %s", tail(r.log()))
		case <-deadline:
			return fmt.Errorf("no answer from %s: %w: %s", r.Addr, err, tail(r.log()))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Away ends the process until back starts another one at the same address, which is empty; back
// returns when it answers.
func (r *RedisServer) Away(t testing.TB) (back func()) {
	t.Helper()
	r.process.Kill()
	return func() {
		t.Helper()
		if err := r.start(); err != nil {
			t.Fatalf("restart Redis: %v", err)
		}
	}
}

// Halt makes the process stand still, connections and all, until resume lets it go on.
func (r *RedisServer) Halt(t testing.TB) (resume func()) {
	t.Helper()
	signal := func(sig os.Signal) {
		t.Helper()
		if err := r.process.Signal(sig); err != nil {
			t.Fatalf("send %v to Redis: %v", sig, err)
		}
	}
	signal(syscall.SIGSTOP)
	return func() {
		t.Helper()
		signal(syscall.SIGCONT)
	}
}

// end stops the server for good. The log stays after a failure.
func (r *RedisServer) end(failed bool) {
	if r.process != nil {
		r.process.Kill()
	}
	if failed {
		say("the log of Redis is kept: %s", r.log())
	} else if err := os.RemoveAll(r.dir); err != nil {
		say("%v", err)
	}
}

// pong asks for a sign of life.
func pong(addr string) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer := make([]byte, 7)
	if n, err := conn.Read(answer); err != nil || string(answer[:n]) != "+PONG\r\n" {
		return fmt.Errorf("answer to PING: %q: %w", answer[:n], err)
	}
	return nil
}
