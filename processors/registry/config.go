package registry

import (
	"cmp"
	"errors"
	"hash"
	"time"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"go.uber.org/zap"
)

// Config says where the registry is. Zero fields mean the defaults.
type Config struct {
	Brokers []string     // host:port; at least one
	Prefix  string       // of topics and of the group; default abacus
	Logger  *zap.Logger  // default: none
	Now     func() int64 // Unix ms, the time of acceptance; default: when the broker appended the command
}

// Commands is the topic that commands are sent to; its records have the experiment as key.
func (c Config) Commands() string { return c.prefix() + ".registry.commands" }

// Decisions is the topic of the engine's decisions; its records have the experiment as key and come in transactions.
func (c Config) Decisions() string { return c.prefix() + ".decisions" }

// Group is the consumer group of the processor.
func (c Config) Group() string { return c.prefix() + ".registry" }

// Table is the compacted topic of entries, by experiment.
func (c Config) Table() string { return string(goka.GroupTable(goka.Group(c.Group()))) }

func (c Config) prefix() string { return cmp.Or(c.Prefix, "abacus") }

func (c Config) logger() *zap.Logger {
	if c.Logger == nil {
		return zap.NewNop()
	}
	return c.Logger.Named("registry")
}

func (c Config) validate() error {
	if len(c.Brokers) == 0 {
		return errors.New("registry: no brokers given")
	}
	return nil
}

// settings are those of every client: goka's defaults would acknowledge by the leader alone, wait 100 ms before each
// produce, and begin at the newest command.
func settings(client string) *sarama.Config {
	s := goka.DefaultConfig()
	s.Version = sarama.V4_0_0_0
	s.ClientID = client
	s.Net.DialTimeout = 5 * time.Second
	s.Net.ReadTimeout = 20 * time.Second
	s.Metadata.Retry.Backoff = 50 * time.Millisecond
	s.Metadata.Retry.Max = 20
	s.Producer.RequiredAcks = sarama.WaitForAll
	s.Producer.Flush.Frequency, s.Producer.Flush.Bytes = 0, 0
	s.Producer.Compression = sarama.CompressionNone
	s.Consumer.Offsets.Initial = sarama.OffsetOldest
	s.Consumer.MaxWaitTime = 150 * time.Millisecond // also how long closing takes
	s.Consumer.Retry.Backoff = 200 * time.Millisecond
	s.Consumer.Group.Rebalance.Strategy = nil // deprecated; goka sets it
	s.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{goka.CopartitioningStrategy}
	s.Consumer.Group.Session.Timeout = 6 * time.Second
	s.Consumer.Group.Heartbeat.Interval = 500 * time.Millisecond
	s.Consumer.Group.Rebalance.Retry.Backoff = 100 * time.Millisecond
	s.Consumer.Group.Rebalance.Retry.Max = 50
	return s
}

// The builders give every client settings of its own: goka writes into what it is given.

func producer(brokers []string, client string, hasher func() hash.Hash32) (goka.Producer, error) {
	return goka.ProducerBuilderWithConfig(settings(client))(brokers, client, hasher)
}

func consumer(brokers []string, client string) (sarama.Consumer, error) {
	return sarama.NewConsumer(brokers, settings(client))
}

func consumerGroup(brokers []string, group, client string) (sarama.ConsumerGroup, error) {
	s := settings(client)
	s.Consumer.IsolationLevel = sarama.ReadCommitted // a decision that was aborted was never made
	return sarama.NewConsumerGroup(brokers, group, s)
}

func topicManager(brokers []string) (goka.TopicManager, error) {
	conf := goka.NewTopicManagerConfig()
	conf.Table.Replication, conf.Stream.Replication = replication, replication
	conf.CreateTopicTimeout = 0 // it would look once a second; ensureTopics waits
	return goka.NewTopicManager(brokers, settings("abacus-registry-topics"), conf)
}

func backoff() (goka.Backoff, error) {
	return goka.NewSimpleBackoff(200*time.Millisecond, 5*time.Second), nil
}
