package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// A transaction that a session gave up and that is still open in a partition is aborted there, and
// nothing else of that producer is.
func TestForgottenTransactionIsAborted(t *testing.T) {
	c := newCluster(t)
	producer, err := kgo.NewClient(kgo.SeedBrokers(c.brokers...), kgo.TransactionalID("forgotten"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, err)
	defer producer.Close()
	require.NoError(t, producer.BeginTransaction())
	for _, p := range []int32{1, 2} {
		require.NoError(t, producer.ProduceSync(t.Context(), &kgo.Record{Topic: "counts", Partition: p, Value: []byte("lost")}).FirstErr())
	}
	id, epoch, err := producer.ProducerID(t.Context())
	require.NoError(t, err)
	stable := func(p int32) int64 {
		listed, err := kadm.NewClient(c.client).ListCommittedOffsets(t.Context(), "counts")
		require.NoError(t, err)
		at, _ := listed.Lookup("counts", p)
		return at.Offset
	}
	w := &worker{app: &App{admin: kadm.NewClient(c.client)}, log: zap.NewNop(), left: &givenUp{producer: id, epoch: epoch - 1, places: kadm.TopicsSet{}}}
	w.left.places.Add("counts", 1)
	require.NoError(t, w.endForgotten(t.Context()))
	require.Zero(t, stable(1), "a transaction of another epoch is not the one given up")
	w.left = &givenUp{producer: id, epoch: epoch, places: kadm.TopicsSet{}}
	w.left.places.Add("counts", 1)
	require.NoError(t, w.endForgotten(t.Context()))
	require.Nil(t, w.left)
	require.EqualValues(t, 2, stable(1), "the record and its marker")
	require.Zero(t, stable(2))
	require.Empty(t, c.last("counts"))
}

// A session remembers where it wrote until it asks for the commit.
func TestTransactionIsGivenUpUntilItsCommitIsAskedFor(t *testing.T) {
	c := newCluster(t)
	core, journal := observer.New(zap.WarnLevel)
	crashes := 0
	stop := c.startApp("app", Config{Workers: 1, Memory: true, Logger: zap.New(core), Hooks: Hooks{Step: func(_ int, at Step) error {
		if at == Produced && crashes < 2 {
			crashes++
			return errCrash
		}
		return nil
	}}})
	c.words(0, 100, 7)
	c.eventually(100)
	require.NoError(t, stop())
	require.Zero(t, journal.FilterMessageSnippet("had forgotten").Len(), "the coordinator had not")
}

func TestStallIsToldWhileItLasts(t *testing.T) {
	core, journal := observer.New(zap.ErrorLevel)
	var s stall
	in, at := &reader{topic: "log", next: 5}, time.Unix(0, 0)
	for range 30 {
		s.look(zap.New(core), in, at)
		at = at.Add(time.Second)
	}
	require.Equal(t, 2, journal.Len())
	in.next = 6
	s.look(zap.New(core), in, at)
	s.look(zap.New(core), in, at.Add(hangsAfter))
	require.Equal(t, 2, journal.Len())
}
