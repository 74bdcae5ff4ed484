package broker

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest"
	"go.uber.org/zap/zaptest/observer"

	"github.com/abacus-stream/abacus/integration/services"
	"github.com/abacus-stream/abacus/topology/worker"
)

const partitions = 4

// scene is one app with its topics on the shared broker, and a reader of its output.
type scene struct {
	t       testing.TB
	app     string
	brokers []string
	client  *kgo.Client
	admin   *kadm.Client
	watch   *watcher
	want    map[string]int64 // produced so far, by word
	// standbys is how many copies of each task its processes keep.
	standbys int
	journal  *observer.ObservedLogs
	log      *zap.Logger
}

func newScene(t testing.TB) *scene {
	t.Helper()
	s := &scene{t: t, app: services.Prefix(t), brokers: services.Kafka(t), want: map[string]int64{}}
	var err error
	s.client, err = kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.UnknownTopicRetries(-1), kgo.MetadataMinAge(50*time.Millisecond))
	require.NoError(t, err)
	t.Cleanup(s.client.Close)
	s.admin = kadm.NewClient(s.client)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	created, err := s.admin.CreateTopics(ctx, partitions, 1, nil, s.app+"-words", s.app+"-counts")
	require.NoError(t, err)
	require.NoError(t, created.Error())
	require.Eventually(t, func() bool { // the broker knows them a little after it has created them
		ends, err := s.admin.ListEndOffsets(ctx, s.app+"-words", s.app+"-counts")
		return err == nil && ends.Error() == nil
	}, 20*time.Second, 5*time.Millisecond)
	core, journal := observer.New(zap.InfoLevel)
	s.journal = journal
	s.log = zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel), zaptest.WrapOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core {
		return zapcore.NewTee(c, core)
	})))
	t.Cleanup(s.tell)
	s.watch = watch(t, s.brokers, s.app+"-counts")
	return s
}

// words produces n records of as many words as the scene has; record i has the word i mod distinct.
func (s *scene) words(n, distinct int) {
	s.t.Helper()
	records := make([]*kgo.Record, n)
	for i := range records {
		word := fmt.Sprintf("w%d", i%distinct)
		records[i] = &kgo.Record{Topic: s.app + "-words", Key: []byte(word), Value: []byte("x")}
		s.want[word]++
	}
	require.NoError(s.t, s.client.ProduceSync(context.Background(), records...).FirstErr())
}

// settled waits until every word is counted as often as it was produced, and never more.
func (s *scene) settled() {
	s.t.Helper()
	s.watch.settled(s.want)
}

// start runs an instance of the app in this process until stop is called; stop gives Run's error.
func (s *scene) start(cfg worker.Config) (stop func() error) {
	s.t.Helper()
	cfg.Brokers = s.brokers
	if cfg.Logger == nil {
		cfg.Logger = s.log
	}
	topo, err := counting(s.app)
	require.NoError(s.t, err)
	a, err := worker.New(topo, cfg)
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := a.Run(ctx)
		if ctx.Err() == nil {
			s.t.Errorf("the app ended by itself: %v", err)
		}
		done <- err
	}()
	stopped := false
	stop = func() error {
		stopped = true
		cancel()
		return <-done
	}
	s.t.Cleanup(func() {
		if !stopped {
			_ = stop()
		}
	})
	return stop
}

// sessionsEnded is how often a worker had to open another session.
func (s *scene) sessionsEnded() int {
	return s.journal.FilterMessageSnippet("session ended").Len()
}
