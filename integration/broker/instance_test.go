package broker

import (
	"fmt"
	"os"
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
	process *services.Child
	commits *atomic.Int64 // since the last start
	obeyed  *atomic.Int64 // orders, since then
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
	commits, obeyed := &atomic.Int64{}, &atomic.Int64{}
	i.commits, i.obeyed = commits, obeyed
	env := []string{
		childEnv + "=" + i.s.app, brokersEnv + "=" + strings.Join(i.s.brokers, ","),
		stateEnv + "=" + filepath.Join(i.dir, "state"), fmt.Sprintf("%s=%d", copiesEnv, i.s.standbys),
	}
	var err error
	i.process, err = services.StartChild(i.logFile(), env, func(line string) {
		switch line {
		case committed:
			commits.Add(1)
		case obeys:
			obeyed.Add(1)
		}
	})
	require.NoError(i.s.t, err)
}

// works waits until the process has committed n times since its start.
func (i *instance) works(n int) {
	i.s.t.Helper()
	require.Eventually(i.s.t, func() bool { return i.commits.Load() >= int64(n) }, time.Minute, time.Millisecond, "commits of %s", i.dir)
}

// dieAt makes the process end itself by SIGKILL at this step of its next commit, and waits for it.
func (i *instance) dieAt(step worker.Step) {
	i.s.t.Helper()
	require.NoError(i.s.t, i.process.Order("KILL", int(step)))
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
	require.NoError(i.s.t, i.process.Order("STOP", int(step)))
	require.Eventually(i.s.t, func() bool { return i.obeyed.Load() > before }, time.Minute, time.Millisecond, "no commit in a minute")
	return func() { require.NoError(i.s.t, i.process.Signal(syscall.SIGCONT)) }
}

// stop ends the process as an operator does.
func (i *instance) stop() {
	i.s.t.Helper()
	require.True(i.s.t, i.process.Stop(20*time.Second), "the process did not end with exit code 0 in time")
}

func (i *instance) logFile() string { return filepath.Join(i.dir, "log") }

func (i *instance) log() string {
	text, _ := os.ReadFile(i.logFile())
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
