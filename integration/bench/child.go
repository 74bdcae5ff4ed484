package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/abacus-stream/abacus/integration/services"
)

// jobEnv holds the job of a process that is a contender.
const jobEnv = "ABACUS_BENCH_JOB"

// job is what a contender is told. Those that know the number of records end by themselves, the engine by SIGTERM.
type job struct {
	Contender string
	Brokers   []string
	Prefix    string // of the stage's topics
	App       string // group, and prefix of what belongs to one run
	Records   int64
	Dir       string // for state
	Workers   int
	EmitEvery time.Duration
	Redis     string // host:port; empty: no mirror
	Profile   string // file for a CPU profile; empty: none
}

// contenders are those in Go, which are this program.
var contenders = map[string]func(context.Context, job, *meter) error{
	"engine":  runEngine,
	"windows": runWindows,
	"raw":     runRaw,
	"goka":    runGoka,
}

func (j job) events() string { return j.Prefix + ".events" }

// results is the topic of what comes of the events.
func (j job) results() string {
	if j.windowed() {
		return j.App + "-results"
	}
	return j.Prefix + ".stats"
}

// group names the group of events that the results tell of, for the i-th of the tagged events, of an experiment.
func (j job) group() func(i int64, experiment int) string {
	if j.windowed() {
		return arm
	}
	return func(_ int64, experiment int) string { return ranker(experiment) }
}

// windowed says whether the job is the topology of windows.
func (j job) windowed() bool { return j.Contender == "windows" || j.Contender == "streams" }

// contend does the job of this process and reports its usage on standard output.
func contend(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return fmt.Errorf("job: %w", err)
	}
	if j.Profile != "" {
		f, err := os.Create(j.Profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	var m meter
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	go func() {
		<-term
		m.end()
		stop()
	}()
	if err := contenders[j.Contender](ctx, j, &m); err != nil {
		return fmt.Errorf("%s: %w", j.Contender, err)
	}
	return m.report()
}

// child is a contender at work.
type child struct {
	*services.Process
	cmd      *exec.Cmd
	out, log *bytes.Buffer
}

// begin starts a job in a process of its own.
func begin(j job) (*child, error) {
	command := again
	if j.Contender == "streams" {
		command = streams
	}
	cmd, err := command(j)
	if err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, out: &bytes.Buffer{}, log: &bytes.Buffer{}}
	cmd.Stdout, cmd.Stderr = c.out, c.log
	c.Process, err = services.Start(cmd)
	return c, err
}

// again is the command of a contender in Go: this program again.
func again(j job) (*exec.Cmd, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), jobEnv+"="+string(text))
	return cmd, nil
}

// used waits for the end of a contender and gives its usage; a contender that outlives ctx is killed.
func (c *child) used(ctx context.Context) (u usage, err error) {
	select {
	case <-c.Ended():
	case <-ctx.Done():
		c.Kill()
		return u, fmt.Errorf("the contender did not end: %w: %s", ctx.Err(), c.tail())
	}
	if err := json.Unmarshal(c.out.Bytes(), &u); err != nil {
		return u, fmt.Errorf("the contender ended without a report: %w: %s", err, c.tail())
	}
	return u, nil
}

// tail is the end of what a contender that has ended logged.
func (c *child) tail() string {
	text := c.log.String()
	return text[max(0, len(text)-4000):]
}
