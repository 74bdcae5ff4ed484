package services

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Redis gives host:port of the real Redis of this test binary, and starts it for the first test
// that asks. Where there is no redis-server and none can be installed, the test is skipped, under
// CI it fails.
func Redis(t testing.TB) string {
	t.Helper()
	if addr := os.Getenv("ABACUS_TEST_REDIS"); addr != "" {
		return addr
	}
	return OwnRedis(t).Addr
}

// OwnRedis is the Redis of this test binary for tests that restart, halt or empty it: never one that
// runs already.
func OwnRedis(t testing.TB) *RedisServer {
	t.Helper()
	demandMain(t)
	shared.Lock()
	defer shared.Unlock()
	if shared.redis != nil {
		return shared.redis
	}
	path, err := findRedis()
	if err != nil {
		unavailable(t, "Redis", fmt.Errorf("%w; or name a running one by ABACUS_TEST_REDIS", err))
	}
	r, err := newRedisServer(path)
	if err != nil {
		t.Fatalf("Redis: %v", err)
	}
	shared.redis, shared.ending = r, append(shared.ending, r.end)
	say("Redis on %s, process %d, log %s", r.Addr, r.process.cmd.Process.Pid, r.log())
	return r
}

// redisProgram finds the program; on a Debian that is ours it is installed.
func redisProgram() (string, error) {
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
	// An update that fails may have brought what is needed all the same.
	outdated := apt("update")
	if err := apt("install", "-y", "--no-install-recommends", "redis-server"); err != nil {
		return "", errors.Join(missing, outdated, err)
	}
	return exec.LookPath("redis-server")
}

// apt runs apt-get. In run level 1 a package does not start a service of its own.
func apt(args ...string) error {
	cmd := exec.Command("apt-get", append([]string{"-o", "DPkg::Lock::Timeout=120"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", cmd, err, out)
	}
	return nil
}
