package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/embedded"
)

// installation is a Kafka and a Redis, with flags that name them and a state directory.
type installation struct {
	*embedded.Services
	t     *testing.T
	flags []string
}

func install(t *testing.T) *installation {
	t.Helper()
	t.Chdir(t.TempDir())
	services, err := embedded.Open(context.Background(), "abacus", 4)
	require.NoError(t, err)
	t.Cleanup(services.Close)
	return &installation{services, t, []string{
		"--brokers", services.Brokers[0], "--redis", "redis://" + services.Redis.Options().Addr, "--state-dir", t.TempDir(), "--workers", "1",
	}}
}

// do runs a command to its end.
func (i *installation) do(args ...string) ran {
	i.t.Helper()
	return run(i.t, newRootCommand(), append(args, i.flags...)...)
}

// must runs a command that succeeds and returns its output.
func (i *installation) must(args ...string) string {
	i.t.Helper()
	got := i.do(args...)
	require.Equal(i.t, exitOK, got.code, "%s: %s%s", args, got.out, got.err)
	return got.out
}

// service is a command that runs until it is told to stop.
type service struct {
	t    *testing.T
	log  *journal
	stop context.CancelFunc
	code chan int
}

// journal keeps what a command logs while it runs.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// start begins a command; its context ends as SIGTERM ends that of the process.
func start(t *testing.T, args ...string) *service {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s := &service{t: t, log: &journal{}, stop: stop, code: make(chan int, 1)}
	go func() { s.code <- execute(ctx, newRootCommand(), args, streams{&bytes.Buffer{}, s.log, s.log}) }()
	t.Cleanup(stop)
	return s
}

// start begins a command of the installation.
func (i *installation) start(args ...string) *service {
	i.t.Helper()
	return start(i.t, append(args, i.flags...)...)
}

// says waits until the log has a text.
func (s *service) says(text string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return strings.Contains(s.log.String(), text) }, 20*time.Second, 10*time.Millisecond,
		"%q is not said", text)
}

// end stops the command and wants it to succeed within a second, or little more on a busy machine.
func (s *service) end() {
	s.t.Helper()
	asked := time.Now()
	s.stop()
	select {
	case code := <-s.code:
		require.Equal(s.t, exitOK, code, s.log.String())
		require.Less(s.t, time.Since(asked), 4*time.Second)
	case <-time.After(20 * time.Second):
		s.t.Fatalf("does not stop:\n%s", s.log)
	}
}

// lines parses JSON lines.
func parsed[T any](t *testing.T, text string) (all []T) {
	t.Helper()
	for line := range strings.Lines(text) {
		var one T
		require.NoError(t, json.Unmarshal([]byte(line), &one), line)
		all = append(all, one)
	}
	return all
}
