package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/units"
)

// stage is a broker with a workload on it.
type stage struct {
	*workload
	brokers []string
	prefix  string
	client  *kgo.Client
	admin   *kadm.Client
	sum     int64 // that the workload's metric comes to, in hundredths
}

func (s *stage) events() string { return s.prefix + ".events" }
func (s *stage) stats() string  { return s.prefix + ".stats" }

// newStage makes the topics of a workload and runs its experiments; the events come by feed, or from elsewhere.
func newStage(ctx context.Context, brokers []string, prefix string, w *workload) (*stage, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(kgo.Lz4Compression()), kgo.MaxBufferedRecords(100_000),
		kgo.UnknownTopicRetries(-1)) // its own topics, which a busy broker may have yet to publish
	if err != nil {
		return nil, err
	}
	s := &stage{workload: w, brokers: brokers, prefix: prefix + w.name, client: client, admin: kadm.NewClient(client)}
	return s, errors.Join(
		s.create(ctx, s.events(), partitions, "message.timestamp.type", "LogAppendTime"),
		s.create(ctx, s.stats(), partitions, "cleanup.policy", "compact", "message.timestamp.type", "LogAppendTime"),
		s.create(ctx, s.prefix+".decisions", 1, "cleanup.policy", "compact", "message.timestamp.type", "LogAppendTime"),
		s.create(ctx, units.RegistryTable(s.prefix), 1, "cleanup.policy", "compact"),
		s.define(ctx))
}

func (s *stage) create(ctx context.Context, topic string, partitions int32, settings ...string) error {
	configs := map[string]*string{}
	for i := 0; i < len(settings); i += 2 {
		configs[settings[i]] = &settings[i+1]
	}
	if _, err := s.admin.CreateTopic(ctx, partitions, -1, configs, topic); err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	return nil
}

// prepare makes the topics that a job needs beside those of the stage.
func (s *stage) prepare(ctx context.Context, j job) error {
	switch {
	case j.Contender == "goka":
		return s.create(ctx, j.App+"-table", partitions, "cleanup.policy", "compact")
	case j.windowed():
		return s.create(ctx, j.results(), partitions)
	}
	return nil
}

// define writes the rows of running experiments, as the registry would.
func (s *stage) define(ctx context.Context) error {
	for _, text := range s.workload.define {
		def, err := experiment.Parse([]byte(text))
		if err != nil {
			return err
		}
		def.Defaults()
		from := def.Start.UnixMilli()
		value, err := json.Marshal(experiment.Entry{Experiment: def.Experiment, Run: 1, State: experiment.Running, Versions: []experiment.Version{
			{Version: 1, Accepted: from, Effective: from, Definition: *def},
		}})
		if err != nil {
			return err
		}
		row := &kgo.Record{Topic: units.RegistryTable(s.prefix), Key: []byte(def.Experiment), Value: value}
		if err := s.client.ProduceSync(ctx, row).FirstErr(); err != nil {
			return fmt.Errorf("experiment %s: %w", def.Experiment, err)
		}
	}
	return nil
}

// feed produces all records of the workload; their event times end now.
func (s *stage) feed(ctx context.Context) error {
	begin := time.Now().UnixMilli() - s.records/perMilli
	failed := make(chan error, 1)
	for i := range s.records {
		r := &kgo.Record{Topic: s.events()}
		s.sum += s.fill(i, begin+i/perMilli, r)
		s.client.Produce(ctx, r, func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	if err := s.client.Flush(ctx); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return fmt.Errorf("feed %s: %w", s.events(), err)
	default:
		return nil
	}
}

// forget deletes the topics whose names begin with a name: those of a run, or of the stage.
func (s *stage) forget(ctx context.Context, name string) error {
	all, err := s.admin.ListTopics(ctx)
	if err != nil {
		return err
	}
	var gone []string
	for _, topic := range all.Names() {
		if strings.HasPrefix(topic, name) {
			gone = append(gone, topic)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	_, err = s.admin.DeleteTopics(ctx, gone...)
	return err
}

// kafkaVersion is the broker's, as far as what it speaks tells.
func kafkaVersion(ctx context.Context, brokers []string) string {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		return "unknown"
	}
	defer client.Close()
	versions, err := kadm.NewClient(client).ApiVersions(ctx)
	if err != nil || len(versions) == 0 {
		return "unknown"
	}
	first := versions.Sorted()[0]
	return first.VersionGuess()
}
