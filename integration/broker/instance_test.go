package broker

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/integration/services"
	"github.com/abacus-stream/abacus/topology/worker"
)

// instance is one process of the app of a scene, with its state directory. It may be started and
// ended many times.
type instance struct {
	s       *scene
	dir     string
	process *services.Process
	commits *atomic.Int64 // since the last start
	obeyed  *atomic.Int64 // orders, since then
	orders  io.WriteCloser
}

// instance starts a process of the app.
func (s *scene) instance() *instance {
	s.t.Helper()
	i := &instance{s: s, dir: s.t.TempDir()}
	i.start()
	s.t.Cleanup(func() {
		i.process.Kill()
		if s.t.Failed() {
			s.t.Logf("log of %s:\n%s", i.dir, i.log())
		}
	})
	return i
}

// start starts the process again.
func (i *instance) start() {
	i.s.t.Helper()
	log, err := os.OpenFile(filepath.Join(i.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(i.s.t, err)
	defer log.Close()
	lines, out, err := os.Pipe()
	require.NoError(i.s.t, err)
	defer out.Close()
	stdin, orders, err := os.Pipe()
	require.NoError(i.s.t, err)
	defer stdin.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+i.s.app, brokersEnv+"="+strings.Join(i.s.brokers, ","),
		stateEnv+"="+filepath.Join(i.dir, "state"), fmt.Sprintf("%s=%d", copiesEnv, i.s.standbys))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, out, log
	commits, obeyed := &atomic.Int64{}, &atomic.Int64{}
	i.commits, i.obeyed, i.orders = commits, obeyed, orders
	i.process, err = services.Start(cmd)
	require.NoError(i.s.t, err)
	go func() { // ends with the process, whose end of the pipe is the last one
		defer lines.Close()
		defer orders.Close()
		for scan := bufio.NewScanner(lines); scan.Scan(); {
			switch scan.Text() {
			case committed:
				commits.Add(1)
			case obeys:
				obeyed.Add(1)
			}
		}
	}()
}

// works waits until the process has committed n times since its start.
func (i *instance) works(n int) {
	i.s.t.Helper()
	require.Eventually(i.s.t, func() bool { return i.commits.Load() >= int64(n) }, time.Minute, time.Millisecond, "commits of %s", i.dir)
}

// dieAt makes the process end itself by SIGKILL at this step of its next commit, and waits for it.
func (i *instance) dieAt(step worker.Step) {
	i.s.t.Helper()
	_, err := fmt.Fprintln(i.orders, "KILL", int(step))
	require.NoError(i.s.t, err)
	select {
	case <-i.process.Ended():
	case <-time.After(time.Minute):
		require.Fail(i.s.t, "no commit in a minute", "step %d of %s", step, i.dir)
	}
}

// haltAt makes the process halt itself by SIGSTOP at this step of its next commit, and waits for it;
// resume lets it go on.
func (i *instance) haltAt(step worker.Step) (resume func()) {
	i.s.t.Helper()
	before := i.obeyed.Load()
	_, err := fmt.Fprintln(i.orders, "STOP", int(step))
	require.NoError(i.s.t, err)
	require.Eventually(i.s.t, func() bool { return i.obeyed.Load() > before }, time.Minute, time.Millisecond, "no commit in a minute")
	return func() { require.NoError(i.s.t, i.process.Signal(syscall.SIGCONT)) }
}

// stop ends the process as an operator does.
func (i *instance) stop() {
	i.s.t.Helper()
	require.True(i.s.t, i.process.Stop(20*time.Second), "the process did not end with exit code 0 in time")
}

func (i *instance) log() string {
	text, _ := os.ReadFile(filepath.Join(i.dir, "log"))
	return string(text)
}

var fencing = regexp.MustCompile(`(?i)fenced|INVALID_PRODUCER_EPOCH|INVALID_PRODUCER_ID_MAPPING|state is rebuilt`)

// quiet demands that no process fenced another and that no state had to be rebuilt.
func quiet(t testing.TB, instances ...*instance) {
	t.Helper()
	for _, i := range instances {
		for line := range strings.Lines(i.log()) {
			require.NotRegexp(t, fencing, line)
		}
	}
}
