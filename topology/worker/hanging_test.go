package worker

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/abacus-stream/abacus/topology"
)

// forgotten leaves a transaction of an id open in counts/1, and gives a worker of that id.
func forgotten(t *testing.T) (c *cluster, w *worker, epoch int16) {
	c = newCluster(t)
	producer, err := kgo.NewClient(kgo.SeedBrokers(c.brokers...), kgo.TransactionalID("app-me-0"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, err)
	t.Cleanup(producer.Close)
	require.NoError(t, producer.BeginTransaction())
	value := binary.BigEndian.AppendUint64(nil, 1)
	require.NoError(t, producer.ProduceSync(t.Context(), &kgo.Record{Topic: "counts", Partition: 1, Key: []byte("w"), Value: value}).FirstErr())
	id, epoch, err := producer.ProducerID(t.Context())
	require.NoError(t, err)
	a := &App{topo: &topology.Topology{App: "app", Subs: []*topology.Sub{{Sinks: []*topology.SinkNode{{Topic: "counts"}}}}}, admin: kadm.NewClient(c.client)}
	a.topics = &topics{partitions: map[string]int{"counts": partitions}}
	return c, &worker{app: a, id: "app-me-0", log: zap.NewNop(), last: &ending{producer: id, epoch: epoch}}, epoch
}

// What is still open in a partition is ended as its transaction was, once its coordinator can no longer do it.
func TestForgottenTransactionIsEnded(t *testing.T) {
	for name, x := range map[string]struct {
		last ending // its epoch is relative to that of the open transaction
		want map[string]int64
		err  string
	}{
		"the last one, given up":         {last: ending{}, want: map[string]int64{}},
		"the last one, committed":        {last: ending{asked: true, committed: true}, want: map[string]int64{"w": 1}},
		"one before the last":            {last: ending{epoch: 1}, want: map[string]int64{"w": 1}},
		"one behind the last":            {last: ending{epoch: -1}, err: "counts/1"},
		"the last one, nobody knows how": {last: ending{unknown: true}, err: "kafka-transactions.sh"},
		"of another producer":            {last: ending{producer: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w, epoch := forgotten(t)
			x.last.producer += w.last.producer
			x.last.epoch += epoch
			err := w.mend(t.Context(), &x.last)
			if x.err != "" {
				require.ErrorContains(t, err, x.err)
			} else {
				require.NoError(t, err)
			}
			listed, err := w.app.admin.ListCommittedOffsets(t.Context(), "counts")
			require.NoError(t, err)
			at, _ := listed.Lookup("counts", 1)
			if x.want == nil {
				require.Zero(t, at.Offset, "still open")
				return
			}
			require.EqualValues(t, 2, at.Offset, "the record and its marker")
			require.Equal(t, x.want, c.last("counts"))
		})
	}
}

// Of the broker's own topic of offsets a session asks for what may be its group's: another partition may have no leader.
func TestOffsetsOfOtherGroupsAreNotAskedFor(t *testing.T) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(12, groupOffsets))
	require.NoError(t, err)
	t.Cleanup(fake.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	a := &App{topo: &topology.Topology{App: "app"}, admin: kadm.NewClient(client), topics: &topics{}}
	_, err = (&worker{app: a}).left(t.Context(), 1)
	require.NoError(t, err)
	places := kadm.TopicsSet{}
	require.NoError(t, a.addOffsetsOf(t.Context(), places))
	require.NotEmpty(t, places[groupOffsets])
	require.Less(t, len(places[groupOffsets]), 12)
	for p := range places[groupOffsets] {
		require.Equal(t, fake.CoordinatorFor("app"), fake.LeaderFor(groupOffsets, p))
	}
}

// A coordinator is asked before the producer id is taken: then it still knows of the last transaction, unless it is
// kfake, which forgets committed ones too.
func TestCoordinatorTellsOfTheLastTransaction(t *testing.T) {
	told := func(state string) kadm.DescribedTransaction {
		return kadm.DescribedTransaction{State: state, ProducerID: 7, ProducerEpoch: 9}
	}
	for _, state := range []string{"PrepareCommit", "CompleteCommit"} {
		require.Equal(t, &ending{producer: 7, epoch: 8, committed: true}, endingBy(told(state)), "a commit raises the epoch")
	}
	require.Equal(t, &ending{producer: 7, epoch: 9}, endingBy(told("Ongoing")), "taking the id will abort it")
	for _, state := range []string{"Empty", "PrepareAbort", "CompleteAbort", "PrepareEpochFence", "Dead"} {
		require.Equal(t, &ending{producer: 7, epoch: 9, unknown: true}, endingBy(told(state)))
	}

	_, w, _ := forgotten(t)
	gaveUp := w.last
	last, err := w.lastEnding(t.Context())
	require.NoError(t, err)
	require.Same(t, gaveUp, last, "a session remembers that it gave up")
	w.last.asked = true
	last, err = w.lastEnding(t.Context())
	require.NoError(t, err)
	require.False(t, last.committed, "the coordinator had it open still")
	w.last = nil
	last, err = w.lastEnding(t.Context())
	require.NoError(t, err)
	require.Equal(t, &ending{producer: gaveUp.producer, epoch: gaveUp.epoch}, last)
	w.id = "another"
	last, err = w.lastEnding(t.Context())
	require.NoError(t, err)
	require.Nil(t, last, "there was none")
}

// A session that ends in mid-commit remembers a transaction that its coordinator ends all by itself.
func TestCoordinatorsOwnMarkersSuffice(t *testing.T) {
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
	require.Zero(t, journal.FilterMessageSnippet("had forgotten").Len())
}

// A restore waits for a transaction that hangs in the changelog of its task as in any other, and says so.
func TestATransactionThatHangsInATaskChangelogIsTold(t *testing.T) {
	t.Parallel() // it waits for longer than a transaction may last
	c := newCluster(t)
	stop := c.startApp("app", Config{Workers: 1, Memory: true})
	c.words(0, 300, 13)
	c.eventually(300)
	require.NoError(t, stop())
	end := c.transaction(&kgo.Record{Topic: "app-counted-task-changelog", Partition: 0, Key: []byte("k"), Value: []byte("v")})
	log, told := said()
	c.startApp("app", Config{Workers: 1, Memory: true, Logger: log})
	require.Eventually(t, func() bool { return told("a restore waits for a transaction", "") }, time.Minute, 10*tick)
	end(kgo.TryAbort)
	c.words(300, 300, 13)
	c.eventually(600)
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
