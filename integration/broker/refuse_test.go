package broker

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
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
// lie in it, so that no offset is out of range, and going on would lose them all. Each partition has
// a word: a task that never had a record would only ask for a restart.
func TestTopicCreatedAgainIsRefused(t *testing.T) {
	s := newScene(t)
	s.words(100, 37)
	ended := s.run(worker.Config{})
	s.settled()
	words := s.app + "-words"
	s.createAgain(words)
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

// So is a changelog: the state that the committed offsets reflect is not in it any more.
func TestChangelogCreatedAgainIsRefused(t *testing.T) {
	s := newScene(t)
	s.words(100, 7)
	ended := s.run(worker.Config{})
	s.settled()
	changelog := s.app + "-counted-changelog"
	s.createAgain(changelog)
	s.words(100, 7)
	select {
	case err := <-ended:
		require.ErrorContains(t, err, "changelog "+changelog+" was deleted and created again")
		require.ErrorContains(t, err, "abacus topics reset")
		t.Log(err)
	case <-time.After(30 * time.Second):
		require.Fail(t, "the app goes on")
	}
}

// createAgain deletes a topic and creates another of the same name.
func (s *scene) createAgain(topic string) {
	s.t.Helper()
	_, err := s.admin.DeleteTopics(s.t.Context(), topic)
	require.NoError(s.t, err)
	require.Eventually(s.t, func() bool {
		_, err := s.admin.CreateTopic(s.t.Context(), partitions, 1, nil, topic)
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
}

// Records that are deleted before they are processed end the app, which names the place.
func TestRecordsDeletedBeforeTheyAreProcessedAreNamed(t *testing.T) {
	s := newScene(t)
	s.words(100, 7)
	stop := s.start(worker.Config{Workers: 1, Memory: true})
	s.settled()
	require.NoError(t, stop())
	s.words(100, 7)
	ends, err := s.admin.ListEndOffsets(t.Context(), s.app+"-words")
	require.NoError(t, err)
	_, err = s.admin.DeleteRecords(t.Context(), ends.Offsets())
	require.NoError(t, err)
	err = <-s.run(worker.Config{})
	require.ErrorContains(t, err, "deleted before they were processed")
	t.Log(err)
}

// A record that its topic does not take ends the app, which names the record and what to do; batches
// of records that the topic does take are no larger than it takes either.
func TestRecordTooLargeForItsTopicIsNamed(t *testing.T) {
	s := newScene(t)
	_, err := s.admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: kadm.StringPtr("2000")}}, s.app+"-counts")
	require.NoError(t, err)
	s.words(5000, 500)
	ended := s.run(worker.Config{})
	s.settled()
	require.Zero(t, s.sessionsEnded())
	long := strings.Repeat("long ", 500)
	require.NoError(t, s.client.ProduceSync(t.Context(), &kgo.Record{Topic: s.app + "-words", Key: []byte(long), Value: []byte("x")}).FirstErr())
	err = <-ended
	for _, part := range []string{s.app + "-counts/", `key "long long`, "max.message.bytes"} {
		require.ErrorContains(t, err, part)
	}
	t.Log(err)
}
