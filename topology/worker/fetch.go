package worker

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// reader reads one partition by raw fetches: its position is visible behind control records and
// aborted batches, which a poll does not show.
type reader struct {
	app       *App
	client    *kgo.Client // for the fetches; nil: that of the app, which restores share
	topic     string
	partition int32
	next      int64 // position
	wait      time.Duration
	source    bool       // of a table: what has no key there is no row
	again     []kgo.Pool // memory for the records, of a reader whose records are recycled
}

// fetch gives the committed records at the position and moves it. No record and no error means
// that nothing committed is there yet, or that only control records were.
func (r *reader) fetch(ctx context.Context) ([]*kgo.Record, error) {
	leader, err := r.leader(ctx)
	if err != nil {
		return nil, err
	}
	kresp, err := r.via().Broker(int(leader)).Request(ctx, r.request())
	if err != nil {
		return nil, fmt.Errorf("fetch %s/%d at %d: %w", r.topic, r.partition, r.next, err)
	}
	resp := kresp.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return nil, fmt.Errorf("fetch %s/%d at %d: %w", r.topic, r.partition, r.next, err)
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return nil, nil
	}
	fp, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		Topic: r.topic, Partition: r.partition, Offset: r.next, IsolationLevel: kgo.ReadCommitted(), Pools: r.again,
	}, &resp.Topics[0].Partitions[0], kgo.DefaultDecompressor(r.again...), nil)
	if fp.Err != nil {
		return nil, fmt.Errorf("fetch %s/%d at %d: %w", r.topic, r.partition, r.next, fp.Err)
	}
	r.next = max(r.next, next)
	return fp.Records, nil
}

func (r *reader) via() *kgo.Client {
	if r.client == nil {
		return r.app.client
	}
	return r.client
}

func (r *reader) request() *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis = int32(r.wait.Milliseconds())
	req.MinBytes, req.MaxBytes, req.IsolationLevel = 1, 50<<20, 1
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = r.topic, r.app.topics.ids[r.topic]
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = r.partition, r.next, 8<<20
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	return req
}

// leader is the broker that serves the partition now.
func (r *reader) leader(ctx context.Context) (int32, error) {
	leader, _, err := r.via().PartitionLeader(r.topic, r.partition)
	if err == nil && leader >= 0 {
		return leader, nil
	}
	details, err := r.app.admin.ListTopics(ctx, r.topic)
	if err != nil {
		return 0, fmt.Errorf("leader of %s/%d: %w", r.topic, r.partition, err)
	}
	p, ok := details[r.topic].Partitions[r.partition]
	if !ok || p.Leader < 0 {
		return 0, fmt.Errorf("leader of %s/%d: %w", r.topic, r.partition, kerr.LeaderNotAvailable)
	}
	return p.Leader, nil
}
