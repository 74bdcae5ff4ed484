// Package logs reads topics from their start to their present end, committed
// records only: what verify, tail and the demo's closing check look at.
package logs

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Reader reads topics of one cluster.
type Reader struct {
	opts  []kgo.Opt
	admin *kadm.Client
	own   *kgo.Client
}

// Open connects to the brokers.
func Open(brokers ...string) (*Reader, error) {
	opts := []kgo.Opt{kgo.SeedBrokers(brokers...)}
	own, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("read topics: %w", err)
	}
	return &Reader{opts: opts, admin: kadm.NewClient(own), own: own}, nil
}

// Close ends the connection.
func (r *Reader) Close() { r.own.Close() }

// Admin is the reader's admin client.
func (r *Reader) Admin() *kadm.Client { return r.admin }

// Read visits every record of a topic up to the end it has at the call, each partition in order.
// A topic whose beginning retention has taken away is told by the first offset visited.
func (r *Reader) Read(ctx context.Context, topic string, visit func(*kgo.Record)) error {
	ends, err := r.admin.ListCommittedOffsets(ctx, topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", topic, err)
	}
	return r.ReadTo(ctx, topic, ends, visit)
}

// ReadTo visits the records of a topic below the ends given, each partition in order.
func (r *Reader) ReadTo(ctx context.Context, topic string, ends kadm.ListedOffsets, visit func(*kgo.Record)) error {
	starts, err := r.admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return fmt.Errorf("read %s: %w", topic, err)
	}
	from := map[int32]int64{}
	starts.Each(func(o kadm.ListedOffset) { from[o.Partition] = o.Offset })
	return r.readRange(ctx, topic, from, ends, visit)
}

// EndsAt is where the committed records of a topic ended at a time in Unix ms: by partition the offset of the first record
// appended after it. The topic has to have append times.
func (r *Reader) EndsAt(ctx context.Context, topic string, at int64) (kadm.ListedOffsets, error) {
	ends, err := r.admin.ListCommittedOffsets(ctx, topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("end of %s: %w", topic, err)
	}
	later, err := r.admin.ListOffsetsAfterMilli(ctx, at+1, topic)
	if err == nil {
		err = later.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("end of %s at %d ms: %w", topic, at, err)
	}
	later.Each(func(o kadm.ListedOffset) {
		end := ends[topic][o.Partition]
		end.Offset = min(end.Offset, o.Offset)
		ends[topic][o.Partition] = end
	})
	return ends, nil
}

// readRange visits the records of each partition from an offset on up to its end.
func (r *Reader) readRange(ctx context.Context, topic string, from map[int32]int64, ends kadm.ListedOffsets, visit func(*kgo.Record)) error {
	at, left := map[string]map[int32]kgo.Offset{topic: {}}, map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if from[o.Partition] < o.Offset {
			at[topic][o.Partition] = kgo.NewOffset().At(from[o.Partition])
			left[o.Partition] = o.Offset
		}
	})
	if len(left) == 0 {
		return nil
	}
	client, err := kgo.NewClient(append(r.opts, kgo.ConsumePartitions(at), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())...)
	if err != nil {
		return fmt.Errorf("read %s: %w", topic, err)
	}
	defer client.Close()
	return drain(ctx, client, left, visit)
}

// drain polls until every partition has reached its end. Control records are not visited.
func drain(ctx context.Context, client *kgo.Client, left map[int32]int64, visit func(*kgo.Record)) error {
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil { // the client has tried again what waiting cures
			return err
		}
		fetches.EachRecord(func(rec *kgo.Record) {
			end, open := left[rec.Partition]
			if !open {
				return
			}
			if rec.Offset < end && !rec.Attrs.IsControl() {
				visit(rec)
			}
			if rec.Offset+1 >= end {
				delete(left, rec.Partition)
			}
		})
	}
	return nil
}

// Last gives the latest record per key of a topic; deleted keys are left out.
func (r *Reader) Last(ctx context.Context, topic string) (map[string]*kgo.Record, error) {
	last := map[string]*kgo.Record{}
	err := r.Read(ctx, topic, func(rec *kgo.Record) {
		if rec.Value == nil {
			delete(last, string(rec.Key))
			return
		}
		last[string(rec.Key)] = rec
	})
	return last, err
}
