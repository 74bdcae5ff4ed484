package pipeline

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/topology"
)

// pipeline is one instance of the flow on a cluster: its topics, its registry, its input.
type pipeline struct {
	t       testing.TB
	brokers []string
	client  *kgo.Client // partitions are given by hand
	admin   *kadm.Client
	prefix  string
	setup   setup
	entries []experiment.Entry
	end     int64 // greatest event time produced, Unix ms
}

// setup is what differs between pipelines. Zero fields mean four partitions and append time.
type setup struct {
	partitions int32
	createTime bool // the append times of events are those that the test gives
}

// patience bounds every wait of a test.
const patience = 2 * time.Minute

// pipeline creates the topics that producers and consumers see, under a prefix not used before.
func (k kafka) pipeline(t testing.TB, s setup) *pipeline {
	t.Helper()
	brokers := k(t)
	if s.partitions == 0 {
		s.partitions = 4
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(4<<20),
		kgo.MetadataMinAge(50*time.Millisecond),
		kgo.ProducerLinger(5*time.Millisecond)) // what is sent at once lies in one batch of each partition
	require.NoError(t, err)
	t.Cleanup(client.Close)
	p := &pipeline{t: t, brokers: brokers, client: client, admin: kadm.NewClient(client), prefix: "it-" + strings.ToLower(rand.Text()[:8]), setup: s}
	stamp := "LogAppendTime"
	if s.createTime {
		stamp = "CreateTime"
	}
	p.create(p.events(), s.partitions, "message.timestamp.type", stamp, "max.message.bytes", "4194304")
	p.create(p.stats(), 4, "cleanup.policy", "compact", "message.timestamp.type", "LogAppendTime")
	p.create(p.decisions(), 1, "cleanup.policy", "compact", "message.timestamp.type", "LogAppendTime")
	p.create(p.registry(), 1, "cleanup.policy", "compact")
	return p
}

func (p *pipeline) create(topic string, partitions int32, settings ...string) {
	p.t.Helper()
	configs := map[string]*string{}
	for i := 0; i < len(settings); i += 2 {
		configs[settings[i]] = &settings[i+1]
	}
	ctx, cancel := p.context()
	defer cancel()
	_, err := p.admin.CreateTopic(ctx, partitions, -1, configs, topic)
	require.NoError(p.t, err)
	eventually(p.t, topic+" is known to the broker", func() bool { // a little after it is created
		ends, err := p.admin.ListEndOffsets(ctx, topic)
		return err == nil && ends.Error() == nil
	})
}

func (p *pipeline) context() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

func (p *pipeline) events() string      { return p.prefix + ".events" }
func (p *pipeline) stats() string       { return p.prefix + ".stats" }
func (p *pipeline) decisions() string   { return p.prefix + ".decisions" }
func (p *pipeline) registry() string    { return p.prefix + ".registry-table" }
func (p *pipeline) deadLetters() string { return p.prefix + ".dlq" }
func (p *pipeline) deltas() string      { return p.prefix + "-deltas-repartition" }
func (p *pipeline) detour() string      { return p.prefix + "-unit-repartition" }
func (p *pipeline) changelog(of string) string {
	return p.prefix + "-" + of + "-changelog"
}

// register writes the row of a running experiment, as the registry would.
func (p *pipeline) register(documents ...string) {
	p.t.Helper()
	for _, text := range documents {
		def, err := experiment.Parse([]byte(text))
		require.NoError(p.t, err)
		def.Defaults()
		start := def.Start.UnixMilli()
		entry := experiment.Entry{Experiment: def.Experiment, Run: 1, State: experiment.Running, Versions: []experiment.Version{
			{Version: 1, Accepted: start, Effective: start, Definition: *def},
		}}
		value, err := json.Marshal(entry)
		require.NoError(p.t, err)
		p.produce(&kgo.Record{Topic: p.registry(), Key: []byte(def.Experiment), Value: value})
		p.entries = append(p.entries, entry)
	}
}

// send produces events in order, each to the partition of its key, and gives back where they lie.
func (p *pipeline) send(events ...input) []*kgo.Record {
	p.t.Helper()
	records := make([]*kgo.Record, len(events))
	for i, e := range events {
		r := &kgo.Record{Topic: p.events(), Key: e.key, Value: e.value, Headers: e.headers, Timestamp: e.appended}
		if e.key != nil {
			r.Partition = topology.PartitionOf(e.key, int(p.setup.partitions))
		}
		r.Partition = (r.Partition + e.shift) % p.setup.partitions
		records[i], p.end = r, max(p.end, e.ts)
	}
	p.produce(records...)
	return records
}

func (p *pipeline) produce(records ...*kgo.Record) {
	p.t.Helper()
	ctx, cancel := p.context()
	defer cancel()
	require.NoError(p.t, p.client.ProduceSync(ctx, records...).FirstErr())
}
