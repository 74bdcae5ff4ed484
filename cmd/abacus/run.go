package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/engine"
)

const runLong = `Run is the processor: the registry of experiments and both stages, from the events topic to the stats topic,
exactly once. Start it on as many machines as there is work; each needs a --state-dir of its own, which it finds again
after a restart. What it holds there can be lost: it is restored from Kafka. With --standbys 1 each process keeps copies
of what others hold, and one that dies is followed within the session timeout by one that has its state; give all
processes the same number.

It makes the topics that are missing, and refuses those it cannot work on. While Kafka is away it waits. On SIGTERM it
finishes what it has begun, commits, and leaves its group. It logs to standard error, with -o json in JSON. Metrics for
Prometheus and profiles are at --metrics, under /metrics and /debug/pprof/.`

const runExample = `  # on one machine, with the Redis mirror in the same process
  abacus run --brokers localhost:9092 --redis redis://localhost:6379 --mirror

  # one of several processes; the mirror runs elsewhere
  abacus run --brokers kafka-1:9092,kafka-2:9092 --state-dir /var/lib/abacus --workers 4 --standbys 1 -o json`

func newRunCommand() *cobra.Command {
	var mirrored bool
	var standbys int
	cmd := &cobra.Command{
		Use: "run", Short: "The processor: events in, results out", Long: runLong, Example: runExample,
		Args: usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if standbys < 0 {
				return usageError("--standbys %d: want 0 or more", standbys)
			}
			emit, err := emission(cmd)
			if err != nil {
				return err
			}
			e, stop, err := newEngine(cmd)
			if err != nil {
				return err
			}
			defer stop()
			e.Standbys, e.Emission = standbys, emit
			if mirrored {
				if e.Redis, err = openRedis(settingsOf(cmd)); err != nil {
					return err
				}
				defer e.Redis.Close()
			}
			return runEngine(cmd.Context(), e)
		},
	}
	cmd.Flags().BoolVar(&mirrored, "mirror", false, "write Redis from this process too")
	cmd.Flags().IntVar(&standbys, "standbys", 0, "`number` of warm copies of each task's state in other processes")
	emitFlag(cmd)
	logFlag(cmd)
	metricsFlag(cmd)
	return cmd
}

// newEngine is an engine with the settings of cmd, without the mirror. stop ends what it serves.
func newEngine(cmd *cobra.Command) (e *engine.Engine, stop func(), err error) {
	log, err := newLogger(cmd)
	if err != nil {
		return nil, nil, err
	}
	s := settingsOf(cmd)
	if err := stateDirectory(s.StateDir); err != nil {
		return nil, nil, err
	}
	e = &engine.Engine{
		Prefix: s.Prefix, Brokers: s.Brokers, StateDir: s.StateDir, Workers: s.Workers, CommitEvery: s.CommitEvery, Logger: log,
	}
	e.Metrics, stop, err = serveMetrics(cmd, log)
	return e, stop, err
}

// stateDirectory makes the folder of local state and writes there, before Kafka is waited for.
func stateDirectory(dir string) error {
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(dir, ".writable-*"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("--state-dir %s cannot be written, let this process write there or name another folder: %w", dir, err)
	}
	return nil
}

// runEngine runs until ctx ends and tells how it began and ended.
func runEngine(ctx context.Context, e *engine.Engine) error {
	e.Logger.Info("starting", zap.String("version", version()), zap.String("prefix", e.Prefix),
		zap.Strings("brokers", e.Brokers), zap.String("state", e.StateDir), zap.Bool("mirror", e.Redis != nil))
	asked := make(chan time.Time, 1)
	unwatch := context.AfterFunc(ctx, func() {
		e.Logger.Info("stopping")
		asked <- time.Now()
	})
	err := e.Run(ctx)
	if !unwatch() && err == nil {
		e.Logger.Info("stopped", zap.Duration("took", time.Since(<-asked).Round(time.Millisecond)))
	}
	return err
}
