package services

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// shared is what the tests of this binary have started so far.
var shared struct {
	sync.Mutex
	main   bool
	kafka  *Broker
	redis  *RedisServer
	ending []func(failed bool) // in the order of starting
}

// What a binary looks for once, be it found or not.
var (
	findJars  = sync.OnceValues(kafkaJars)
	findRedis = sync.OnceValues(redisProgram)
)

// Main runs the tests of a binary and ends what they have started; it does not return. The logs of
// the services stay where they are when a test has failed.
func Main(m *testing.M) {
	shared.main = true
	code := m.Run()
	shared.Lock()
	for i := len(shared.ending) - 1; i >= 0; i-- {
		shared.ending[i](code != 0)
	}
	os.Exit(code)
}

// Prefix is a name of this test and no other, in the letters that topics, groups and keys allow.
func Prefix(t testing.TB) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, t.Name())
	return strings.ToLower(name[:min(len(name), 80)] + "-" + rand.Text()[:6])
}

// saidEnv names a file for what was said: go test shows the output of a binary only when it fails.
const saidEnv = "ABACUS_TEST_SAID"

// say tells the person at the terminal what is done outside of the tests.
func say(format string, args ...any) {
	line := fmt.Sprintf("services: "+format+"\n", args...)
	fmt.Fprint(os.Stderr, line)
	path := os.Getenv(saidEnv)
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.WriteString(line)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "services: %s: %v\n", saidEnv, err)
	}
}

// unavailable skips a test, loudly; under CI it fails it.
func unavailable(t testing.TB, service string, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not available, and under CI it must be: %v", service, err)
	}
	say("SKIPPED %s: no %s: %v", t.Name(), service, err)
	t.Skipf("no %s: %v", service, err)
}

// demandMain sees to it that somebody will end what is about to be started.
func demandMain(t testing.TB) {
	t.Helper()
	if !shared.main {
		t.Fatal("func TestMain(m *testing.M) { services.Main(m) } is missing: nobody would end the services")
	}
}
