package operators

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/integration/services"
	"github.com/abacus-stream/abacus/topology/worker"
)

// instance is one process of the app, with its state directory. It may be started and ended many times.
type instance struct {
	s       *scene
	dir     string
	process *services.Child
	said    *sync.Map // lines since the last start
}

// start starts a process of the app.
func (s *scene) start() *instance {
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

func (i *instance) logFile() string { return filepath.Join(i.dir, "log") }

func (i *instance) log() string {
	text, _ := os.ReadFile(i.logFile())
	return string(text)
}

func (i *instance) state() string { return filepath.Join(i.dir, "state") }

// start starts the process again.
func (i *instance) start() {
	i.s.t.Helper()
	said := &sync.Map{}
	i.said = said
	env := []string{childEnv + "=" + i.s.name, kindEnv + "=" + i.s.kind, brokersEnv + "=" + strings.Join(i.s.brokers, ","), stateEnv + "=" + i.state()}
	var err error
	i.process, err = services.StartChild(i.logFile(), env, func(line string) { said.Store(line, true) })
	require.NoError(i.s.t, err)
}

// works waits until the process has tasks.
func (i *instance) works() {
	i.s.t.Helper()
	i.says(holds)
}

func (i *instance) says(line string) {
	i.s.t.Helper()
	i.s.eventually("the process says "+line, func() bool {
		_, ok := i.said.Load(line)
		return ok
	})
}

// dieAt makes the process end itself by SIGKILL at this step of its next commit; died waits for it.
func (i *instance) dieAt(step worker.Step) {
	i.s.t.Helper()
	require.NoError(i.s.t, i.process.Order(int(step)))
	i.says(armed)
}

func (i *instance) died() {
	i.s.t.Helper()
	select {
	case <-i.process.Ended():
	case <-time.After(patience):
		require.Fail(i.s.t, "no commit to die in")
	}
}

// stop ends the process as an operator does.
func (i *instance) stop() {
	i.s.t.Helper()
	require.True(i.s.t, i.process.Stop(20*time.Second), "the process did not end with exit code 0 in time")
}
