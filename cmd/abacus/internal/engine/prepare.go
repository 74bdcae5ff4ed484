package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
	"github.com/abacus-stream/abacus/processors/mirror"
)

// The waiting for a broker that is away at the start.
const (
	firstWait = 200 * time.Millisecond
	longWait  = 5 * time.Second
	patience  = 3 * time.Second  // for one answer
	sayEvery  = 15 * time.Second // that it is still away
)

// prepare waits for a broker, makes the topics that are missing and refuses those that nothing can run on. It gives what
// the mirror is known by.
func (e *Engine) prepare(ctx context.Context) (to identity, err error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(e.Brokers...), kgo.MetadataMinAge(50*time.Millisecond))
	if err != nil {
		return to, fmt.Errorf("brokers %v: %w", e.Brokers, err)
	}
	defer client.Close()
	if err := e.await(ctx, client); err != nil {
		return to, err
	}
	admin, table := kadm.NewClient(client), e.table()
	made, err := topics.Create(ctx, admin, table)
	if err != nil {
		return to, err
	}
	if len(made) > 0 {
		e.Logger.Info("topics created", zap.Strings("topics", made))
	}
	if err := e.check(ctx, admin, table); err != nil {
		return to, err
	}
	if to, err = identify(ctx, admin, e.Prefix); err != nil || e.Redis == nil {
		return to, err
	}
	return to, mirror.CheckOwner(ctx, e.Redis, to.owner, time.Second)
}

// table is the topics that the parts need.
func (e *Engine) table() []topics.Topic {
	all := topics.Table(e.Prefix, 0)
	if !e.MirrorAlone {
		return all
	}
	for i := range all {
		if all[i].Name == topics.Stats(e.Prefix) {
			return all[i : i+1]
		}
	}
	return nil
}

// check refuses what is fatal and logs the rest.
func (e *Engine) check(ctx context.Context, admin *kadm.Client, table []topics.Topic) error {
	all, err := topics.Check(ctx, admin, table)
	if err != nil {
		return err
	}
	for _, d := range all {
		if !d.Fatal {
			e.Logger.Info("a topic is not as usual", zap.Stringer("deviation", d))
		}
	}
	if err := topics.Refuse(all); err != nil {
		return fmt.Errorf("cannot work on these topics, abacus topics check --help says how to mend them:\n%w", err)
	}
	return nil
}

// await waits until a broker answers, for as long as it takes.
func (e *Engine) await(ctx context.Context, client *kgo.Client) error {
	began, said := time.Now(), time.Time{}
	for wait := firstWait; ; wait = min(2*wait, longWait) {
		attempt, cancel := context.WithTimeout(ctx, patience)
		err := client.Ping(attempt)
		cancel()
		switch {
		case err == nil && !said.IsZero():
			e.Logger.Info("kafka is there", zap.Duration("after", time.Since(began).Round(time.Millisecond)))
			return nil
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Since(said) >= sayEvery:
			said = time.Now()
			e.Logger.Warn("kafka is away, waiting for it", zap.Strings("brokers", e.Brokers), zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}
