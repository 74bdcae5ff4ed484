package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/check"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/embedded"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/engine"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/feed"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/replay"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/table"
	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
	"github.com/abacus-stream/abacus/processors/registry"
)

// stack is an engine with its services, all in this process.
type stack struct {
	*embedded.Services
	engine *engine.Engine
	logs   *logs.Reader
	feed   *feed.Feed
	prefix string
	parts  int32

	stop   context.CancelFunc
	failed chan error // the engine's end
}

// embeddedPartitions is the number of partitions of the events topic in one process.
const embeddedPartitions = 4

// embeddedSettings are those of cmd, with one worker unless more are asked for: workers that start together settle who
// does what in rounds of heartbeats, which takes longer than most of what is embedded.
func embeddedSettings(cmd *cobra.Command) *settings {
	s := *settingsOf(cmd)
	if !cmd.Flags().Changed("workers") {
		s.Workers = 1
	}
	return &s
}

// openStack starts everything in this process; the engine runs until close.
func openStack(ctx context.Context, s *settings, idle time.Duration, log *zap.Logger) (*stack, error) {
	services, err := embedded.Open(ctx, s.Prefix, embeddedPartitions)
	if err != nil {
		return nil, err
	}
	k := &stack{Services: services, prefix: s.Prefix, parts: embeddedPartitions, failed: make(chan error, 1)}
	if k.logs, err = logs.Open(services.Brokers...); err != nil {
		services.Close()
		return nil, err
	}
	k.feed = feed.New(services.Client, s.Prefix+".events")
	k.engine = &engine.Engine{
		Prefix: s.Prefix, Brokers: services.Brokers, Redis: services.Redis, Workers: s.Workers,
		CommitEvery: s.CommitEvery, IdleAfter: idle, Logger: log,
	}
	ctx, k.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() { k.failed <- k.engine.Run(ctx) }()
	return k, nil
}

// close stops the engine, then the services.
func (k *stack) close() error {
	k.stop()
	err := <-k.failed
	k.logs.Close()
	k.Services.Close()
	return err
}

// apply makes experiments and waits until they are in the registry.
func (k *stack) apply(ctx context.Context, definitions ...experiment.Definition) error {
	all := make([]*experiment.Definition, len(definitions))
	for i := range definitions {
		all[i] = &definitions[i]
	}
	_, err := registry.Apply(ctx, registry.Config{Brokers: k.Brokers, Prefix: k.prefix}, all...)
	return err
}

// windowsClose is how far behind the last event the last end-of-input mark lies, in ms: the longest window,
// the least grace of a task and a pane.
const windowsClose = 60_000 + 5_000 + 2_000

// settle marks the end of the input, see Feed.End, and waits until all of it is processed, closed and mirrored.
func (k *stack) settle(ctx context.Context, last, closed int64, progress func(string), names ...string) error {
	if err := k.feed.Flush(ctx); err != nil {
		return err
	}
	if err := k.feed.End(ctx, k.parts, last, closed, names...); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stopWatch := k.watch(cancel)
	defer stopWatch()
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !k.feed.Named(name) }) // of these nothing comes
	return k.engine.Settled(ctx, k.logs, names, func(lag int64, open int) {
		if lag > 0 {
			progress(fmt.Sprintf("records to process: %d", lag))
		} else if open > 0 {
			progress("experiments to close: " + fmt.Sprint(open))
		}
	})
}

// replay produces the events of files and waits until all of them are processed, closed and mirrored.
func (k *stack) replay(ctx context.Context, progress func(string), plans ...*replay.Plan) error {
	var (
		names        []string
		last, closed int64
	)
	for _, p := range plans {
		if err := k.produce(ctx, p, progress); err != nil {
			return err
		}
		names, last, closed = append(names, p.Definition.Experiment), max(last, p.Last), max(closed, endOf(p))
	}
	return k.settle(ctx, last, closed, progress, names...)
}

// endOf is the time of the last end-of-input mark of a file.
func endOf(p *replay.Plan) int64 { return p.Last + int64(p.Definition.Grace) + windowsClose }

// produce produces the events of a file, which may not all be acknowledged yet.
func (k *stack) produce(ctx context.Context, p *replay.Plan, progress func(string)) error {
	begun := k.feed.Sent()
	return p.Events(func(ev *event.Event) error {
		if sent := k.feed.Sent() - begun; sent%4096 == 0 {
			progress(fmt.Sprintf("%s of %s fed", table.Count(sent, "event"), table.Count(int64(p.Rows), "row")))
		}
		return k.feed.Send(ctx, ev)
	})
}

// watch cancels a wait when the engine ends by itself.
func (k *stack) watch(cancel context.CancelCauseFunc) (stop func()) {
	done := make(chan struct{})
	go func() {
		select {
		case err := <-k.failed:
			cancel(fmt.Errorf("the engine has stopped: %w", err))
			k.failed <- err
		case <-done:
		}
	}()
	return func() { close(done) }
}

// verify recomputes everything from the log.
func (k *stack) verify(ctx context.Context) (*check.Report, error) {
	return check.Run(ctx, check.Config{Prefix: k.prefix, Logs: k.logs, Redis: k.Redis})
}

// verdict is the closing line of a run, and an error with the first difference if there is one.
func verdict(r *check.Report) (string, error) {
	line := fmt.Sprintf("verified: %d records, %s", r.Records, table.Count(int64(len(r.Differences)), "difference"))
	if len(r.Differences) == 0 {
		return line, nil
	}
	return line, fmt.Errorf("the log and what is published differ, first in %s", shown(r.Differences[0]))
}

func shown(d verify.Difference) string {
	return fmt.Sprintf("%s %s: the log says %s, found %s", d.Key, d.Field, orNothing(d.Want), orNothing(d.Got))
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
