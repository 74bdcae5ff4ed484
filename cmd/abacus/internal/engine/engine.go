// Package engine is all that processes, in one process: the registry, both stages
// and the mirror, on whatever Kafka and Redis it is given.
package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/processors/experiment/flow"
	"github.com/abacus-stream/abacus/processors/mirror"
	"github.com/abacus-stream/abacus/processors/registry"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/worker"
)

// Engine runs the parts. Embedded or on a cluster, only the addresses differ.
type Engine struct {
	Prefix      string
	Brokers     []string
	Redis       *redis.Client // nil: no mirror
	StateDir    string        // empty: state in memory
	Workers     int
	CommitEvery time.Duration
	IdleAfter   time.Duration
	Logger      *zap.Logger
	Hooks       worker.Hooks // of the flow's workers
}

// Run processes until ctx ends; the first of its parts that fails ends the others.
func (e *Engine) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	start := func(run func(context.Context) error) {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				stop(err)
			}
		})
	}
	start(e.registry)
	start(func(ctx context.Context) error {
		return e.app(ctx, e.Prefix, "", func(b *topology.Builder) { flow.Build(b, flow.Config{Prefix: e.Prefix}) })
	})
	if e.Redis != nil {
		start(func(ctx context.Context) error {
			return e.app(ctx, e.Prefix+"-mirror", "mirror", func(b *topology.Builder) {
				mirror.Build(b, mirror.Config{Prefix: e.Prefix, Redis: e.Redis})
			})
		})
	}
	<-ctx.Done()
	wg.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}

func (e *Engine) registry(ctx context.Context) error {
	return registry.Run(ctx, registry.Config{
		Brokers: e.Brokers, Prefix: e.Prefix, Logger: e.Logger, Now: func() int64 { return time.Now().UnixMilli() },
	})
}

// app runs one topology; each has a state directory of its own.
func (e *Engine) app(ctx context.Context, name, folder string, build func(*topology.Builder)) error {
	var b topology.Builder
	build(&b)
	topo, err := b.Build(name)
	if err != nil {
		return err
	}
	cfg := worker.Config{
		Brokers: e.Brokers, Memory: e.StateDir == "", StateDir: e.StateDir + "/" + name, Workers: e.Workers,
		CommitEvery: e.CommitEvery, IdleAfter: e.IdleAfter, Logger: e.Logger,
		DeadLetters: e.Prefix + ".dlq", Lates: e.Prefix + ".late",
	}
	if folder == "" {
		cfg.Hooks = e.Hooks
	} else {
		cfg.Workers = 1
	}
	app, err := worker.New(topo, cfg)
	if err != nil {
		return err
	}
	return app.Run(ctx)
}
