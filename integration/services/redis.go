package services

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Redis gives host:port of the real Redis of this test binary, and starts it for the first test
// that asks. Where there is no redis-server and none can be installed, the test is skipped, under
// CI it fails.
func Redis(t testing.TB) string {
	t.Helper()
	if addr := os.Getenv("ABACUS_TEST_REDIS"); addr != "" {
		return addr
	}
	demandMain(t)
	shared.Lock()
	defer shared.Unlock()
	if shared.redis != "" {
		return shared.redis
	}
	path, err := redisServer()
	if err != nil {
		unavailable(t, "Redis", fmt.Errorf("%w; or name a running one by ABACUS_TEST_REDIS", err))
	}
	if shared.redis, err = startRedis(path); err != nil {
		t.Fatalf("Redis: %v", err)
	}
	return shared.redis
}

// redisServer finds the program; on a Debian that is ours it is installed.
func redisServer() (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(cache, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	path, missing := exec.LookPath("redis-server")
	if _, err := os.Stat("/etc/debian_version"); missing == nil || err != nil || os.Getuid() != 0 {
		return path, missing
	}
	say("installing redis-server by apt-get")
	for _, args := range [][]string{{"update"}, {"install", "-y", "--no-install-recommends", "redis-server"}} {
		apt := exec.Command("apt-get", append([]string{"-o", "DPkg::Lock::Timeout=120"}, args...)...)
		// In run level 1 the package does not start a service of its own.
		apt.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
		if out, err := apt.CombinedOutput(); err != nil {
			return "", errors.Join(missing, fmt.Errorf("%s: %w: %s", apt, err, out))
		}
	}
	return exec.LookPath("redis-server")
}

// startRedis starts a Redis that keeps nothing on disk and waits until it answers.
func startRedis(path string) (addr string, err error) {
	ports, err := freePorts(1)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "abacus-redis-")
	if err != nil {
		return "", err
	}
	host, port, _ := net.SplitHostPort(ports[0])
	log := filepath.Join(dir, "redis.log")
	p, err := Start(exec.Command(path, "--bind", host, "--port", port, "--dir", dir, "--logfile", log, "--save", "", "--appendonly", "no"))
	if err != nil {
		return "", err
	}
	shared.ending = append(shared.ending, func(failed bool) {
		p.Kill()
		if failed {
			say("the log of Redis is kept: %s", log)
		} else if err := os.RemoveAll(dir); err != nil {
			say("%v", err)
		}
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if err = pong(ports[0]); err == nil {
			say("Redis on %s, process %d, log %s", ports[0], p.cmd.Process.Pid, log)
			return ports[0], nil
		}
		if time.Now().After(deadline) {
			return "", fmt.Errorf("no answer from %s: %w: %s", ports[0], err, tail(log))
		}
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
