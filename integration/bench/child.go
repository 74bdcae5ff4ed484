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

var contenders = map[string]func(context.Context, job, *meter) error{
	"engine": runEngine,
	"raw":    runRaw,
	"goka":   runGoka,
}

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
	out, log *bytes.Buffer
}

// begin starts a job in a process of its own: this program again.
func begin(j job) (*child, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{out: &bytes.Buffer{}, log: &bytes.Buffer{}}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), jobEnv+"="+string(text))
	cmd.Stdout, cmd.Stderr = c.out, c.log
	c.Process, err = services.Start(cmd)
	return c, err
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
