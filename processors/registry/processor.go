package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lovoo/goka"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// restartAfter is how long a processor that failed is left alone.
const restartAfter = time.Second

// Run decides about commands until ctx ends; then it returns nil. Of all processes that run it one does the work, the
// others stand by. It creates the topics. An error at the start is returned; a failure later on is logged and it begins
// again, with its table read from the topic.
func Run(ctx context.Context, cfg Config) error {
	if err := EnsureTopics(ctx, cfg); err != nil {
		return quiet(ctx, err)
	}
	log := cfg.logger()
	for started := false; ; {
		processor, err := newProcessor(cfg, log)
		if err != nil && !started {
			return quiet(ctx, fmt.Errorf("registry: brokers %v: %w", cfg.Brokers, err))
		}
		started = true
		if err == nil {
			err = processor.Run(ctx)
		}
		if ctx.Err() != nil {
			return nil
		}
		log.Error("the processor failed and begins again", zap.Error(err))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(restartAfter):
		}
	}
}

// quiet drops an error that only says that ctx has ended.
func quiet(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// newProcessor is the goka processor; its table is in memory, read from the topic at every start.
func newProcessor(cfg Config, log *zap.Logger) (*goka.Processor, error) {
	table := &rows{}
	group := goka.DefineGroup(goka.Group(cfg.Group()),
		goka.Input(goka.Stream(cfg.Commands()), codecs.Bytes, func(ctx goka.Context, record any) { handle(cfg, log, table, ctx, record.([]byte)) }),
		goka.Input(goka.Stream(cfg.Decisions()), codecs.Bytes, func(ctx goka.Context, record any) { handleDecision(cfg, log, ctx, record.([]byte)) }),
		goka.Persist(experiment.EntryCodec{}),
	)
	return goka.NewProcessor(cfg.Brokers, group,
		goka.WithClientID("abacus-registry"),
		goka.WithLogger(logger{log}),
		goka.WithStorageBuilder(table.build),
		goka.WithConsumerGroupBuilder(consumerGroup),
		goka.WithConsumerSaramaBuilder(consumer),
		goka.WithProducerBuilder(producer),
		goka.WithTopicManagerBuilder(topicManager),
		goka.WithBackoffBuilder(backoff),
	)
}

// acceptance is the time at which a record is decided about, in Unix ms.
func acceptance(cfg Config, ctx goka.Context) int64 {
	if cfg.Now != nil {
		return cfg.Now()
	}
	return ctx.Timestamp().UnixMilli()
}

// handle decides about one record of the commands topic.
func handle(cfg Config, log *zap.Logger, table *rows, ctx goka.Context, data []byte) {
	name, now := ctx.Key(), acceptance(cfg, ctx)
	log = log.With(zap.String("experiment", name), zap.Int64("offset", ctx.Offset()))
	entry, _ := ctx.Value().(*experiment.Entry) // nil: never heard of
	cmd, err := parseCommand(data)
	log = log.With(zap.String("command", cmd.ID), zap.String("kind", string(cmd.Kind)))
	if err == nil && cmd.Experiment != name {
		err = fmt.Errorf("%w: of %q, but its key is %q", errCommand, cmd.Experiment, name)
	}
	next := entry
	switch {
	case cmd.ID == "":
		err = errors.Join(err, fmt.Errorf("%w: no id", errCommand))
	case !experiment.ValidName(name):
		err = fmt.Errorf("%w: its key %q is no name of an experiment", errCommand, name)
	case err != nil && !decided(entry, cmd.ID):
		cmd.Experiment = name
		next = refuse(entry, cmd, err)
	case err != nil: // refused before
	default:
		next = Decide(entry, cmd, now, table.beside(ctx, cmd)...)
	}
	report(log, entry, next, cmd, err)
	if next != entry {
		ctx.SetValue(next)
	}
}

func report(log *zap.Logger, before, entry *experiment.Entry, cmd Command, err error) {
	switch {
	case err != nil:
		log.Warn("a command cannot be read", zap.Error(err))
	case entry == before:
		log.Info("a command came again")
	case refusal(entry, cmd.ID) != nil:
		log.Warn("a command is refused", zap.String("reason", refusal(entry, cmd.ID).Reason))
	case entry.Latest() == nil:
		log.Info("a command is applied", zap.String("state", entry.State))
	default:
		latest := entry.Latest()
		log.Info("a command is applied", zap.Int("run", entry.Run), zap.Int64("version", latest.Version),
			zap.Int64("effective", latest.Effective), zap.String("state", entry.State))
	}
}
