package operators

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/integration/services"
)

// patience bounds every wait of a test.
const patience = time.Minute

// scene is one app with its topics on a Kafka.
type scene struct {
	t       testing.TB
	kind    string // of applications
	app     application
	name    string
	brokers []string
	client  *kgo.Client
	admin   *kadm.Client
	reader  *reader
}

func newScene(t testing.TB, k services.Brokers, kind string) *scene {
	t.Helper()
	s := &scene{t: t, kind: kind, app: applications[kind], name: services.Prefix(t), brokers: k(t)}
	var err error
	s.client, err = kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(50*time.Millisecond))
	require.NoError(t, err)
	t.Cleanup(s.client.Close)
	s.admin = kadm.NewClient(s.client)
	topics := append([]string{}, s.app.sources...)
	for name := range s.app.outputs {
		topics = append(topics, name)
	}
	s.create(partitions, topics...)
	if s.app.global != "" {
		s.create(1, s.app.global)
	}
	s.reader = s.read()
	return s
}

// create creates topics whose records keep the append time that the test gives.
func (s *scene) create(partitions int32, topics ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	all := make([]string, len(topics))
	for i, topic := range topics {
		all[i] = s.name + "-" + topic
	}
	created, err := s.admin.CreateTopics(ctx, partitions, -1, map[string]*string{"message.timestamp.type": kadm.StringPtr("CreateTime")}, all...)
	require.NoError(s.t, err)
	require.NoError(s.t, created.Error())
	s.eventually("the topics are known to the broker", func() bool { // a little after they are created
		ends, err := s.admin.ListEndOffsets(ctx, all...)
		return err == nil && ends.Error() == nil
	})
}

// send produces records in order.
func (s *scene) send(records []record) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	all := make([]*kgo.Record, len(records))
	for i, r := range records {
		all[i] = &kgo.Record{Topic: s.name + "-" + r.topic, Partition: r.partition, Key: []byte(r.key), Value: []byte(r.value), Timestamp: time.UnixMilli(r.at)}
		if r.deleted {
			all[i].Value = nil
		}
	}
	require.NoError(s.t, s.client.ProduceSync(ctx, all...).FirstErr())
}

// settled waits until the app has committed all that is in its sources.
func (s *scene) settled() {
	s.t.Helper()
	sources := make([]string, len(s.app.sources))
	for i, topic := range s.app.sources {
		sources[i] = s.name + "-" + topic
	}
	s.eventually("the sources are processed", func() bool {
		ctx, cancel := context.WithTimeout(s.t.Context(), patience)
		defer cancel()
		ends, err := s.admin.ListEndOffsets(ctx, sources...)
		require.NoError(s.t, err)
		committed, err := s.admin.FetchOffsets(kadm.RequireStable(ctx), s.name)
		if err != nil || committed.Error() != nil {
			return false // of an open transaction
		}
		done := true
		ends.Each(func(o kadm.ListedOffset) {
			at, _ := committed.Lookup(o.Topic, o.Partition)
			done = done && (o.Offset == 0 || at.At >= o.Offset)
		})
		return done
	})
}

// eventually waits until a condition holds.
func (s *scene) eventually(what string, holds func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		require.True(s.t, time.Now().Before(deadline), "waited in vain: %s", what)
	}
}
