package pipeline

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/abacus-stream/abacus/processors/experiment/flow"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/worker"
)

// process is one running process of the app.
type process struct {
	p       *pipeline
	cancel  context.CancelFunc
	done    chan struct{}
	err     error // of Run, once done is closed
	commits atomic.Int64
	mu      struct {
		sync.Mutex
		counters map[string]int64
	}
}

// topology is the flow under the names of the pipeline.
func (p *pipeline) topology() *topology.Topology {
	p.t.Helper()
	var b topology.Builder
	flow.Build(&b, flow.Config{Prefix: p.prefix})
	topo, err := b.Build(p.prefix)
	require.NoError(p.t, err)
	return topo
}

// start runs a process until it is stopped, at the latest when the test ends. Tests are never idle
// but where they ask for it, and keep state in memory but where they name a directory.
func (p *pipeline) start(cfg worker.Config) *process {
	p.t.Helper()
	x := &process{p: p, done: make(chan struct{})}
	x.mu.counters = map[string]int64{}
	app, err := worker.New(p.topology(), x.configure(cfg))
	require.NoError(p.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	x.cancel = cancel
	go func() {
		defer close(x.done)
		x.err = app.Run(ctx)
	}()
	p.t.Cleanup(func() { _ = x.stop() })
	return x
}

func (x *process) configure(cfg worker.Config) worker.Config {
	cfg.Brokers = x.p.brokers
	cfg.Memory = cfg.StateDir == ""
	if cfg.Workers == 0 {
		cfg.Workers = 1
	}
	if cfg.IdleAfter == 0 {
		cfg.IdleAfter = time.Hour
	}
	if cfg.Logger == nil {
		cfg.Logger = zaptest.NewLogger(x.p.t, zaptest.Level(zap.ErrorLevel))
	}
	committed := cfg.Hooks.Committed
	cfg.Hooks.Committed = func(worker, records int, took time.Duration) {
		x.commits.Add(1)
		if committed != nil {
			committed(worker, records, took)
		}
	}
	cfg.Hooks.Counted = func(name string, n int64) {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.mu.counters[name] += n
	}
	return cfg
}

// stop ends the process as SIGTERM does and gives the error of Run.
func (x *process) stop() error {
	x.cancel()
	<-x.done
	return x.err
}

// counter is the sum of a counter over the tasks of the process.
func (x *process) counter(name string) int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.mu.counters[name]
}
