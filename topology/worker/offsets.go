package worker

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A task asks for the offsets of its own partitions. Package kadm lists whole topics, and all that a group has committed:
// with each task of an app asking, that grows by the square of them, and waits for the transactions of all others.

// Which offset of a log is asked for: one of these, or the first with a timestamp from that Unix ms on.
const (
	latest   = -1
	earliest = -2
)

// logEnd is the offset behind the last record, of open transactions too.
func (a *App) logEnd(ctx context.Context, at place) (int64, error) { return a.offset(ctx, at, latest) }

func (a *App) logStart(ctx context.Context, at place) (int64, error) {
	return a.offset(ctx, at, earliest)
}

// offset is -1 where no record has so late a timestamp.
func (a *App) offset(ctx context.Context, at place, which int64) (int64, error) {
	req := kmsg.NewPtrListOffsetsRequest()
	req.IsolationLevel = 0 // uncommitted
	topic := kmsg.NewListOffsetsRequestTopic()
	topic.Topic = at.topic
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp = at.partition, which
	topic.Partitions = append(topic.Partitions, p)
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, a.client)
	if err == nil {
		err = kerr.UnknownTopicOrPartition
		if len(resp.Topics) == 1 && len(resp.Topics[0].Partitions) == 1 {
			found := resp.Topics[0].Partitions[0]
			if err = kerr.ErrorForCode(found.ErrorCode); err == nil {
				return found.Offset, nil
			}
		}
	}
	return 0, fmt.Errorf("offset of %s/%d: %w", at.topic, at.partition, err)
}

// stableOffsets are what the group has committed of some partitions, an error while a transaction is pending on one of them.
func (a *App) stableOffsets(ctx context.Context, partitions []place) (kadm.OffsetResponses, error) {
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group, req.RequireStable = a.topo.App, true
	for _, at := range partitions {
		topic := kmsg.NewOffsetFetchRequestTopic()
		topic.Topic, topic.Partitions = at.topic, []int32{at.partition}
		req.Topics = append(req.Topics, topic)
	}
	resp, err := req.RequestWith(ctx, a.client)
	if err != nil {
		return nil, err
	}
	all := kadm.OffsetResponses{}
	for _, group := range resp.Groups {
		if err := kerr.ErrorForCode(group.ErrorCode); err != nil {
			return nil, err
		}
		for _, topic := range group.Topics {
			for _, p := range topic.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return nil, fmt.Errorf("of %s/%d: %w", topic.Topic, p.Partition, err)
				}
				o := kadm.Offset{Topic: topic.Topic, Partition: p.Partition, At: p.Offset, LeaderEpoch: p.LeaderEpoch}
				if p.Metadata != nil {
					o.Metadata = *p.Metadata
				}
				all.Add(kadm.OffsetResponse{Offset: o})
			}
		}
	}
	return all, nil
}
