package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/embedded"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/engine"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/feed"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

const (
	reach    = 5 * time.Second  // for the first answer of a service
	answer   = 30 * time.Second // of the registry
	delivery = 2 * time.Minute  // of a record: longer than a broker takes to restart
)

// connect gives a client of a cluster that has answered.
func connect(ctx context.Context, s *settings) (*kgo.Client, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(s.Brokers...), kgo.ProducerLinger(2*time.Millisecond),
		kgo.MaxBufferedRecords(100_000), kgo.RecordDeliveryTimeout(delivery), kgo.MetadataMinAge(50*time.Millisecond),
		kgo.AlwaysRetryEOF()) // a proxy before a broker that restarts accepts and hangs up
	if err != nil {
		return nil, usageError("--brokers %s: %w", strings.Join(s.Brokers, ","), err)
	}
	attempt, cancel := context.WithTimeout(ctx, reach)
	defer cancel()
	if err := client.Ping(attempt); err != nil {
		client.Close()
		return nil, unreachable(fmt.Errorf("no broker answers at %s, is Kafka running and --brokers right? (%w)", strings.Join(s.Brokers, ","), err))
	}
	return client, nil
}

// openLogs gives a reader of a cluster that has answered and has the topics named.
func openLogs(ctx context.Context, s *settings, names ...string) (*logs.Reader, error) {
	client, err := connect(ctx, s)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if _, err := partitions(ctx, client, names...); err != nil {
		return nil, err
	}
	return logs.Open(s.Brokers...)
}

// partitions counts those of topics, which must be there.
func partitions(ctx context.Context, client *kgo.Client, names ...string) (map[string]int32, error) {
	if len(names) == 0 {
		return nil, nil
	}
	there, err := kadm.NewClient(client).ListTopics(ctx, names...)
	if err != nil {
		return nil, unreachable(fmt.Errorf("list topics: %w", err))
	}
	counts := map[string]int32{}
	for _, name := range names {
		if !there.Has(name) {
			how := "start `abacus run`, or make it by `abacus topics create`"
			if strings.HasSuffix(name, "-changelog") || strings.HasSuffix(name, "-repartition") {
				how = "start `abacus run`, which makes it"
			}
			return nil, fmt.Errorf("topic %s does not exist: %s; --prefix and --brokers may be those of another installation", name, how)
		}
		if err := there[name].Err; err != nil {
			return nil, fmt.Errorf("topic %s: %w", name, err)
		}
		counts[name] = int32(len(there[name].Partitions))
	}
	return counts, nil
}

// openRedis is a client; nothing is sent yet.
func openRedis(s *settings) (*redis.Client, error) {
	opts, err := redis.ParseURL(s.Redis)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err // the URL itself may hold a password
		}
		return nil, usageError("--redis: %w; want redis://[user:password@]host:port[/db]", err)
	}
	redis.SetLogger(unheard{})
	return redis.NewClient(opts), nil
}

// unheard drops what the Redis client logs to standard error in a form of its own: its calls return the same as errors.
type unheard struct{}

func (unheard) Printf(context.Context, string, ...any) {}

// pingRedis says whether Redis answers.
func pingRedis(ctx context.Context, client *redis.Client) error {
	ctx, cancel := context.WithTimeout(ctx, reach)
	defer cancel()
	if err := client.Ping(ctx).Err(); err != nil {
		return unreachable(fmt.Errorf("redis does not answer at %s, is --redis right? (%w)", client.Options().Addr, err))
	}
	return nil
}

// joinStack is the stack of an engine that runs elsewhere: its feed, its logs, and what waits for it.
func joinStack(ctx context.Context, s *settings) (*stack, error) {
	client, err := connect(ctx, s)
	if err != nil {
		return nil, err
	}
	events := topics.Events(s.Prefix)
	counts, err := partitions(ctx, client, events)
	if err != nil {
		client.Close()
		return nil, err
	}
	k := &stack{Services: &embedded.Services{Brokers: s.Brokers, Client: client}, prefix: s.Prefix, parts: counts[events]}
	if k.logs, err = logs.Open(s.Brokers...); err != nil {
		client.Close()
		return nil, err
	}
	k.feed = feed.New(client, events)
	k.engine = &engine.Engine{Prefix: s.Prefix, Brokers: s.Brokers}
	return k, nil
}

// leave ends the connections of a joined stack; the engine goes on.
func (k *stack) leave() {
	k.logs.Close()
	k.Client.Close()
}

// applyAll makes experiments by the registry of the cluster, all or, where one would be refused, none, and waits until the last of
// them has begun. Anew begins a new run of those that would be refused.
func (k *stack) applyAll(ctx context.Context, anew bool, definitions ...*experiment.Definition) error {
	limited, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	var entries []*experiment.Entry
	err := registry.WithView(limited, registry.Config{Brokers: k.Brokers, Prefix: k.prefix}, func(ctx context.Context, v *registry.View) error {
		commands, err := applying(v, anew, definitions)
		if err == nil {
			entries, err = v.Send(ctx, commands...)
		}
		return err
	})
	if errors.Is(err, registry.ErrUnreachable) || errors.Is(err, registry.ErrNoAnswer) {
		return unreachable(err)
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		select { // the clock of the registry may be ahead of ours
		case <-time.After(time.Until(time.UnixMilli(e.Latest().Effective))):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

var errRefused = errors.New("refused")

// applying are the commands that make experiments; the error names each that the registry would refuse.
func applying(v *registry.View, anew bool, definitions []*experiment.Definition) ([]registry.Command, error) {
	now := time.Now().UnixMilli()
	commands, refused := make([]registry.Command, len(definitions)), []error{}
	for i, d := range definitions {
		commands[i] = registry.Command{Kind: registry.KindApply, Experiment: d.Experiment, Definition: d, At: now}
		if _, refusal := foresee(v, commands[i], v.Entries()); refusal != "" {
			commands[i].Kind = registry.KindRestart
			refused = append(refused, fmt.Errorf("%s: would be %w: %s", d.Experiment, errRefused, indented(refusal)))
		}
	}
	if anew {
		return commands, nil
	}
	return commands, errors.Join(refused...)
}
