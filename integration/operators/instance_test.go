package operators

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
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
	process *services.Process
	said    *sync.Map // lines since the last start
	orders  io.WriteCloser
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

func (i *instance) log() string {
	text, _ := os.ReadFile(filepath.Join(i.dir, "log"))
	return string(text)
}

func (i *instance) state() string { return filepath.Join(i.dir, "state") }

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
	cmd.Env = append(os.Environ(), childEnv+"="+i.s.name, kindEnv+"="+i.s.kind, brokersEnv+"="+strings.Join(i.s.brokers, ","), stateEnv+"="+i.state())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, out, log
	said := &sync.Map{}
	i.said, i.orders = said, orders
	i.process, err = services.Start(cmd)
	require.NoError(i.s.t, err)
	go func() { // ends with the process, whose end of the pipe is the last one
		defer lines.Close()
		defer orders.Close()
		for scan := bufio.NewScanner(lines); scan.Scan(); {
			said.Store(scan.Text(), true)
		}
	}()
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
	_, err := fmt.Fprintln(i.orders, int(step))
	require.NoError(i.s.t, err)
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
