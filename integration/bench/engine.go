package bench

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/abacus-stream/abacus/processors/experiment/flow"
	"github.com/abacus-stream/abacus/processors/mirror"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/worker"
)

// session is the default of the worker, named here for the report.
const session = 10 * time.Second

// runEngine runs both stages of the experiment flow, as a user would, until ctx ends; and the mirror, if there is a Redis.
func runEngine(ctx context.Context, j job, m *meter) error {
	build := map[string]func(*topology.Builder){
		"": func(b *topology.Builder) {
			flow.Build(b, flow.Config{Prefix: j.Prefix, EmitEvery: j.EmitEvery})
		},
	}
	if j.Redis != "" {
		client := redis.NewClient(&redis.Options{Addr: j.Redis, ContextTimeoutEnabled: true})
		defer client.Close()
		build["-mirror"] = func(b *topology.Builder) { mirror.Build(b, mirror.Config{Prefix: j.Prefix, Redis: client}) }
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	failed := make(chan error, len(build))
	for name, f := range build {
		app, err := newApp(j, name, f, m)
		if err != nil {
			return err
		}
		wg.Go(func() {
			defer stop()
			failed <- app.Run(ctx)
		})
	}
	wg.Wait()
	close(failed)
	var err error
	for e := range failed {
		err = errors.Join(err, e)
	}
	return err
}

// newApp builds an app; the meter begins with the first task that runs.
func newApp(j job, name string, build func(*topology.Builder), m *meter) (*worker.App, error) {
	var b topology.Builder
	build(&b)
	topo, err := b.Build(j.App + name)
	if err != nil {
		return nil, err
	}
	core := zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), os.Stderr, zap.InfoLevel)
	log := zap.New(zapcore.RegisterHooks(core, func(e zapcore.Entry) error {
		if e.Message == "task runs" {
			m.begin()
		}
		return nil
	}))
	return worker.New(topo, worker.Config{
		Brokers: j.Brokers, StateDir: j.Dir + name, Workers: j.Workers, Session: session, Logger: log,
		Hooks: worker.Hooks{Late: func(*kgo.Record) { m.late.Add(1) }},
	})
}
