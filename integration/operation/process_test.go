package operation

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/integration/services"
)

// process is one command of the binary that runs until it is told to stop; it may be started again.
// Its output is kept over all its lives.
type process struct {
	*services.Process
	t    testing.TB
	args []string
	path string // of the output, both streams
	from int    // where the output of the present life begins
}

// start starts a command of the installation.
func (i *installation) start(args ...string) *process {
	i.t.Helper()
	p := &process{t: i.t, args: append(args, i.flags()...), path: filepath.Join(i.t.TempDir(), "output")}
	p.start()
	i.t.Cleanup(func() {
		p.Kill()
		if i.t.Failed() {
			i.t.Logf("abacus %s:\n%s", strings.Join(p.args, " "), p.output())
		}
	})
	return p
}

// run starts a processor with one worker and a state directory of its own.
func (i *installation) run(args ...string) *process {
	i.t.Helper()
	return i.start(append([]string{"run", "--workers", "1", "--state-dir", i.t.TempDir()}, args...)...)
}

func (p *process) start() {
	p.t.Helper()
	p.from = len(p.output())
	out, err := os.OpenFile(p.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(p.t, err)
	defer out.Close()
	cmd := command(context.Background(), p.t, p.args...)
	cmd.Stdout, cmd.Stderr = out, out
	p.Process, err = services.Start(cmd)
	require.NoError(p.t, err)
}

// output is what the process has written in all its lives.
func (p *process) output() string {
	text, err := os.ReadFile(p.path)
	if !os.IsNotExist(err) {
		require.NoError(p.t, err)
	}
	return string(text)
}

// says waits until the process has written a text in its present life.
func (p *process) says(text string) {
	p.t.Helper()
	eventually(p.t, 40*time.Second, "the process says "+text, func() bool {
		said := strings.Contains(p.output()[p.from:], text)
		select {
		case <-p.Ended():
			require.True(p.t, said, "the process has ended and never said %q:\n%s", text, p.output()[p.from:])
		default:
		}
		return said
	})
}

// stop ends the process as an operator does, and wants exit code 0 soon.
func (p *process) stop() (took time.Duration) {
	p.t.Helper()
	asked := time.Now()
	require.True(p.t, p.Stop(10*time.Second), "no exit code 0 within ten seconds of SIGTERM:\n%s", p.output()[p.from:])
	return time.Since(asked)
}

// lives demands that a process has not ended by itself.
func (p *process) lives() {
	p.t.Helper()
	select {
	case <-p.Ended():
		require.Fail(p.t, "the process has ended by itself", "%s", p.output()[p.from:])
	default:
	}
}
