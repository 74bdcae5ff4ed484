package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lovoo/goka"
)

// replication is the broker's default.
const replication = -1

// keepCommands is how long commands can be read back: 30 days in ms.
const keepCommands = "2592000000"

// EnsureTopics creates the three topics, of one partition each, unless they are there.
func EnsureTopics(ctx context.Context, cfg Config) (err error) {
	if err := cfg.validate(); err != nil {
		return err
	}
	manager, err := topicManager(cfg.Brokers)
	if err != nil {
		return fmt.Errorf("registry: brokers %v: %w: %w", cfg.Brokers, ErrUnreachable, err)
	}
	defer func() { err = errors.Join(err, manager.Close()) }()
	wanted := []struct {
		name   string
		config map[string]string
	}{
		{cfg.Commands(), map[string]string{
			"cleanup.policy": "delete", "retention.ms": keepCommands, "message.timestamp.type": "LogAppendTime"}},
		{cfg.Table(), map[string]string{"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}},
		{cfg.Decisions(), map[string]string{"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}},
	}
	for _, topic := range wanted {
		if err := ensure(ctx, manager, topic.name, topic.config); err != nil {
			return fmt.Errorf("registry: topic %s: %w", topic.name, err)
		}
	}
	return nil
}

func ensure(ctx context.Context, manager goka.TopicManager, topic string, config map[string]string) error {
	partitions, err := manager.Partitions(topic)
	if err == nil && len(partitions) == 0 || err != nil {
		err = manager.EnsureTopicExists(topic, 1, replication, config)
	}
	wait := time.NewTicker(20 * time.Millisecond)
	defer wait.Stop()
	for range 250 {
		partitions, _ = manager.Partitions(topic)
		switch {
		case len(partitions) == 1:
			return nil // also where another process was faster
		case len(partitions) > 1:
			return fmt.Errorf("has %d partitions, want 1", len(partitions))
		case err != nil:
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wait.C:
		}
	}
	return errors.New("was created, but the broker does not show it")
}
