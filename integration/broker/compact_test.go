package broker

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/integration/positions"
	"github.com/abacus-stream/abacus/topology/worker"
)

// A changelog that the broker has compacted, with aborted transactions in it, restores the same
// state: most offsets are gone, markers and emptied batches remain.
func TestRestoreFromACompactedChangelog(t *testing.T) {
	s := newScene(t)
	var commits atomic.Int32
	stop := s.start(worker.Config{Workers: 1, Memory: true, Hooks: worker.Hooks{Step: func(_ int, at worker.Step) error {
		if at == worker.Produced && commits.Add(1)%9 == 0 {
			return fmt.Errorf("%w: an aborted transaction", errCrash)
		}
		return nil
	}}})
	s.words(100, 13)
	s.settled()
	changelog := s.app + "-counted-changelog"
	s.compactsAtOnce(changelog)
	for deadline := time.Now().Add(30 * time.Second); s.kept(changelog) > 0.25; {
		require.True(t, time.Now().Before(deadline), "the broker does not compact")
		s.words(100, 13)
		s.settled()
	}
	t.Logf("%.0f %% of the changelog's offsets hold a record", 100*s.kept(changelog))
	require.NoError(t, stop())
	stop = s.start(worker.Config{Workers: 1, Memory: true})
	s.words(100, 13)
	s.settled()
	require.NoError(t, stop())
	s.positionsAgree()
}

// compactsAtOnce makes the broker compact a topic as soon as it can.
func (s *scene) compactsAtOnce(topic string) {
	s.t.Helper()
	set := func(name, value string) kadm.AlterConfig { return kadm.AlterConfig{Name: name, Value: &value} }
	altered, err := s.admin.AlterTopicConfigs(s.t.Context(), []kadm.AlterConfig{
		set("segment.ms", "300"), set("min.cleanable.dirty.ratio", "0.01"), set("max.compaction.lag.ms", "300"), set("delete.retention.ms", "0"),
	}, topic)
	require.NoError(s.t, err)
	for _, a := range altered {
		require.NoError(s.t, a.Err, a.ErrMessage)
	}
}

// kept is the part of a topic's offsets that a committed record is at.
func (s *scene) kept(topic string) float64 {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	ends, err := s.admin.ListCommittedOffsets(ctx, topic)
	require.NoError(s.t, err)
	var offsets, records int64
	ends.Each(func(o kadm.ListedOffset) { offsets += o.Offset })
	positions.Read(s.t, s.brokers, topic, func(*kgo.Record) { records++ })
	return float64(records) / float64(offsets)
}
