package broker

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology/worker"
)

// run runs the app until it ends by itself and gives its error.
func (s *scene) run(cfg worker.Config) <-chan error {
	s.t.Helper()
	cfg.Brokers, cfg.Memory, cfg.Workers, cfg.Logger = s.brokers, true, 1, s.log
	topo, err := counting(s.app)
	require.NoError(s.t, err)
	app, err := worker.New(topo, cfg)
	require.NoError(s.t, err)
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	go func() {
		defer cancel()
		ended <- app.Run(ctx)
	}()
	s.t.Cleanup(cancel)
	return ended
}

// An answer of the broker that no other try will change stops the app and is named.
func TestRefusedSettingStopsTheApp(t *testing.T) {
	s := newScene(t)
	require.ErrorContains(t, <-s.run(worker.Config{Session: 3 * time.Second}), "INVALID_SESSION_TIMEOUT")
}

// A source topic that is deleted and created again under a running app: as many records as before
// lie in it, so that no offset is out of range, and going on would lose them all.
func TestTopicCreatedAgainIsRefused(t *testing.T) {
	s := newScene(t)
	s.words(100, 7)
	ended := s.run(worker.Config{})
	s.settled()
	words := s.app + "-words"
	_, err := s.admin.DeleteTopics(t.Context(), words)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := s.admin.CreateTopic(t.Context(), partitions, 1, nil, words)
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
	fresh, err := kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.MetadataMinAge(50*time.Millisecond), kgo.UnknownTopicRetries(-1))
	require.NoError(t, err)
	defer fresh.Close()
	for i := range 100 {
		require.NoError(t, fresh.ProduceSync(t.Context(), &kgo.Record{Topic: words, Partition: int32(i % partitions), Key: []byte("w0"), Value: []byte("x")}).FirstErr())
	}
	select {
	case err := <-ended:
		require.ErrorContains(t, err, "abacus topics reset")
		t.Log(err)
	case <-time.After(30 * time.Second):
		require.Fail(t, "the app goes on")
	}
	s.settled()
}
