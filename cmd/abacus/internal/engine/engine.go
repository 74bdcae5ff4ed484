// Package engine is all that processes, in one process: the registry, both stages
// and the mirror, on whatever Kafka and Redis it is given.
package engine

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/metrics"
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
	Standbys    int // warm copies of each task of the flow in other processes
	CommitEvery time.Duration
	Emission    flow.Config // when results are sent; its prefix is the engine's
	IdleAfter   time.Duration
	Logger      *zap.Logger
	Metrics     *metrics.Metrics // nil: none
	MirrorAlone bool             // neither registry nor flow; Redis is needed
}

// Run processes until ctx ends; the first of its parts that fails ends the others. It waits for a broker that is away at
// the start, and creates the topics that are missing.
func (e *Engine) Run(ctx context.Context) error {
	if e.Logger == nil {
		e.Logger = zap.NewNop()
	}
	to, err := e.prepare(ctx)
	if err != nil {
		return unlessOver(ctx, err)
	}
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
	if !e.MirrorAlone {
		start(e.registry)
		start(func(ctx context.Context) error {
			cfg := e.Emission
			cfg.Prefix = e.Prefix
			topo, err := flowOf(cfg)
			return e.app(ctx, topo, err, e.flowConfig())
		})
	}
	if e.Redis != nil {
		start(func(ctx context.Context) error {
			topo, err := Mirror(e.mirrorConfig(to))
			return e.app(ctx, topo, err, e.config(MirrorGroup(e.Prefix)))
		})
	}
	if e.Metrics != nil {
		wg.Go(func() { e.Metrics.Follow(ctx, e.Logger, kgo.SeedBrokers(e.Brokers...)) })
	}
	<-ctx.Done()
	wg.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}

// unlessOver drops an error that only says that ctx has ended.
func unlessOver(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (e *Engine) registry(ctx context.Context) error {
	return registry.Run(ctx, registry.Config{
		Brokers: e.Brokers, Prefix: e.Prefix, Logger: e.Logger, Now: func() int64 { return time.Now().UnixMilli() },
	})
}

// config is that of an app with one worker; each app has a state directory of its own.
func (e *Engine) config(group string) worker.Config {
	cfg := worker.Config{
		Brokers: e.Brokers, Memory: e.StateDir == "", StateDir: filepath.Join(e.StateDir, group), Workers: 1,
		CommitEvery: e.CommitEvery, IdleAfter: e.IdleAfter, Logger: e.Logger,
		DeadLetters: e.Prefix + ".dlq", Lates: e.Prefix + ".late",
	}
	if e.Metrics != nil {
		cfg.Hooks = e.Metrics.Hooks(group)
	}
	return cfg
}

func (e *Engine) mirrorConfig(to identity) mirror.Config {
	cfg := mirror.Config{Prefix: e.Prefix, TopicID: to.stats, Owner: to.owner, Redis: e.Redis, Log: e.Logger}
	if e.Metrics != nil {
		cfg.Waiting = e.Metrics.Waiting
	}
	return cfg
}

func (e *Engine) flowConfig() worker.Config {
	cfg := e.config(e.Prefix)
	cfg.Workers, cfg.Standbys = e.Workers, e.Standbys
	cfg.RepartitionLag = 20_000 // a delta is all that a commit has changed in an experiment
	return cfg
}

// app runs one topology.
func (e *Engine) app(ctx context.Context, topo *topology.Topology, err error, cfg worker.Config) error {
	if err != nil {
		return err
	}
	app, err := worker.New(topo, cfg)
	if err != nil {
		return err
	}
	return app.Run(ctx)
}
