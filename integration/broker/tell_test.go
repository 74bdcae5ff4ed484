package broker

import (
	"context"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// tell shows after a failure what the app has logged, and which transactions are open in its topics;
// warnings have been shown as they came.
func (s *scene) tell() {
	if !s.t.Failed() {
		return
	}
	for _, e := range s.journal.All() {
		s.t.Log(e.Time.Format("05.000"), e.Level, e.Message, e.ContextMap())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	topics, err := s.admin.ListTopics(ctx)
	if err != nil {
		s.t.Log("the broker does not tell of its topics:", err)
		return
	}
	for _, topic := range topics.Names() {
		if strings.HasPrefix(topic, s.app) {
			s.tellOpen(ctx, topic)
		}
	}
}

// tellOpen shows the partitions of a topic that committed readers cannot read to their end, with the
// producers that hold them up, as the partition and their coordinator see them.
func (s *scene) tellOpen(ctx context.Context, topic string) {
	ends, err := s.admin.ListEndOffsets(ctx, topic)
	stable, err2 := s.admin.ListCommittedOffsets(ctx, topic)
	if err != nil || err2 != nil {
		s.t.Log(topic, err, err2)
		return
	}
	ends.Each(func(end kadm.ListedOffset) {
		at, _ := stable.Lookup(topic, end.Partition)
		if at.Offset == end.Offset {
			return
		}
		s.t.Logf("%s/%d is stable up to %d of %d", topic, end.Partition, at.Offset, end.Offset)
		set := kadm.TopicsSet{}
		set.Add(topic, end.Partition)
		producers, err := s.admin.DescribeProducers(ctx, set)
		s.t.Logf("its producers: %+v %v", producers, err)
		transactions, err := s.admin.DescribeTransactions(ctx)
		s.t.Logf("transactions of the cluster: %+v %v", transactions, err)
	})
}
