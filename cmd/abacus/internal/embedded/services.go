// Package embedded is a Kafka and a Redis in this process: what the demo, replay
// --embedded and the end-to-end tests stand on. The engine on top is the one that
// a real broker sees.
package embedded

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
)

// Services are the in-process Kafka and Redis.
type Services struct {
	Brokers []string
	Redis   *redis.Client
	Client  *kgo.Client // for producing and reading; not of the workers

	kafka *kfake.Cluster
	redis *miniredis.Miniredis
}

// Open starts the services and creates the topics of a prefix.
func Open(ctx context.Context, prefix string, partitions int32) (s *Services, err error) {
	s = &Services{}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.kafka, err = kfake.NewCluster(kfake.NumBrokers(1)); err != nil {
		return nil, fmt.Errorf("embedded kafka: %w", err)
	}
	stampAppends(s.kafka)
	s.Brokers = s.kafka.ListenAddrs()
	if s.redis, err = miniredis.Run(); err != nil {
		return nil, fmt.Errorf("embedded redis: %w", err)
	}
	s.Redis = redis.NewClient(&redis.Options{Addr: s.redis.Addr()})
	opts := []kgo.Opt{
		kgo.SeedBrokers(s.Brokers...), kgo.ProducerLinger(0), kgo.MaxBufferedRecords(100_000),
		kgo.MetadataMinAge(20 * time.Millisecond), // new topics are seen at once
	}
	if s.Client, err = kgo.NewClient(opts...); err != nil {
		return nil, fmt.Errorf("embedded kafka: client: %w", err)
	}
	return s, CreateTopics(ctx, s.Client, prefix, partitions)
}

// CreateTopics creates the topics that producers and consumers see, as CONTRACT has them.
func CreateTopics(ctx context.Context, client *kgo.Client, prefix string, partitions int32) error {
	_, err := topics.Create(ctx, kadm.NewClient(client), topics.Table(prefix, partitions))
	return err
}

// Close stops the services; what they held is gone.
func (s *Services) Close() {
	if s.Client != nil {
		s.Client.Close()
	}
	if s.Redis != nil {
		_ = s.Redis.Close()
	}
	if s.redis != nil {
		s.redis.Close()
	}
	if s.kafka != nil {
		s.kafka.Close()
	}
}

// FlushRedis empties Redis as an operator's FLUSHALL would.
func (s *Services) FlushRedis() { s.redis.FlushAll() }
