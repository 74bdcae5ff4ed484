package broker

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology/worker"
)

// An app that is reset to the end counts nothing of before, on the state directory that it had; its
// topics are deleted and made again at once.
func TestAResetAppBeginsBehindWhatThereIs(t *testing.T) {
	s := newScene(t)
	dir := t.TempDir()
	s.words(1000, 37)
	cfg := worker.Config{Workers: 1, StateDir: dir}
	stop := s.start(cfg)
	s.settled()
	topo, err := counting(s.app)
	require.NoError(t, err)
	_, err = worker.PlanReset(t.Context(), topo, worker.Config{Brokers: s.brokers}, worker.Beginning{End: true})
	require.ErrorIs(t, err, worker.ErrActive)
	require.NoError(t, stop())
	s.words(500, 37) // never processed
	r, err := worker.PlanReset(t.Context(), topo, worker.Config{Brokers: s.brokers}, worker.Beginning{End: true})
	require.NoError(t, err)
	t.Log(r)
	require.NoError(t, r.Do(t.Context()))
	s.want = s.watch.counts() // of the words of before, for ever
	s.start(cfg)
	records := make([]*kgo.Record, 300)
	for i := range records {
		word := fmt.Sprint("v", i%17)
		records[i] = &kgo.Record{Topic: s.app + "-words", Key: []byte(word), Value: []byte("x")}
		s.want[word]++
	}
	require.NoError(t, s.client.ProduceSync(t.Context(), records...).FirstErr())
	s.settled()
	require.Zero(t, s.sessionsEnded())
}
