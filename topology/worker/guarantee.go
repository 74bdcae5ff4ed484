package worker

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/topology/task"
)

// Guarantee says how often a record of the input counts after a crash.
type Guarantee uint8

const (
	// ExactlyOnce: outputs, state and offsets of a commit are one transaction.
	ExactlyOnce Guarantee = iota
	// AtLeastOnce: there are no transactions, and readers need not wait for any. Nothing is lost, and the state of each
	// task is that of a whole commit, as with ExactlyOnce. What can double are the outputs of the one commit that a crash
	// has cut off: records of sinks, dead letters, and those of repartition topics, which the tasks behind them count
	// twice. A member that the group has put out without its knowing is not fenced: what it still writes doubles too, and
	// the task that is written over notices by its next commit and goes back to its last one.
	AtLeastOnce
)

// Without transactions the rows of a commit reach the log one by one, so a crash may leave a part of them there.
//
// Invariant (position last): a task's position is written when all else of its commit is acknowledged, and names the
// ends of the changelogs as they are then. A restore reads up to the ends of the last position, so state is that
// of a whole commit; the rows behind them are of one that was cut off, and are put back by the next.

// alone is what a task without transactions knows of its changelogs.
type alone struct {
	ends   []int64 // by store: where it has left them
	before []byte  // its position row as restored, until the log has one with the ends
}

// headerEnds holds, in a position's record, the ends of the changelogs, in the form of a position.
const headerEnds = "abacus.ends"

// produceInTwo is step 2 without a transaction: the task stores come after all else, their positions last.
func (t *transaction) produceInTwo(ctx context.Context, touched []*running) error {
	if err := t.w.sameMember(); err != nil {
		return err
	}
	if err := t.seal(ctx, touched); err != nil {
		return err
	}
	if err := t.deliver(ctx, t.part(false)); err != nil {
		return err
	}
	ends := map[*task.Task]kgo.RecordHeader{}
	for _, r := range touched {
		if err := t.follow(r, len(r.sub.Stores)-1); err != nil {
			return err
		}
		ends[r.task] = r.described()
	}
	for i, e := range t.entries {
		if ofTaskStore(e) && isPosition(&t.records[i]) {
			t.records[i].Headers = append(t.records[i].Headers, ends[e.Task])
		}
	}
	if err := t.deliver(ctx, t.part(true)); err != nil {
		return err
	}
	for _, r := range touched {
		if err := t.follow(r, len(r.sub.Stores)); err != nil {
			return err
		}
	}
	return nil
}

// seal writes the position that a task was restored to, with the ends of its changelogs: without it
// the first commit could not be told from a part of it.
func (t *transaction) seal(ctx context.Context, touched []*running) error {
	var seals []*kgo.Record
	for _, r := range touched {
		if r.alone.before != nil {
			own := r.sub.Changelog(r.sub.Stores[len(r.sub.Stores)-1])
			seals = append(seals, &kgo.Record{
				Topic: own, Partition: r.task.Task().Partition, Key: task.PositionKey(), Value: r.alone.before, Headers: []kgo.RecordHeader{r.described()},
			})
		}
	}
	if len(seals) == 0 {
		return nil
	}
	refused, err := t.send(ctx, slices.Values(seals))
	if err == nil && len(refused) > 0 {
		err = &stepError{fault{what: "positions"}, t.w.app.topics.refused(refused[0])}
	}
	for _, r := range touched {
		if err == nil {
			r.alone.before = nil
		}
	}
	return err
}

// part are the records of the commit that are of the task stores, or those that are not.
func (t *transaction) part(ofTaskStores bool) iter.Seq[*kgo.Record] {
	return func(yield func(*kgo.Record) bool) {
		for i := range t.records {
			if ofTaskStore(t.entries[i]) == ofTaskStores && !yield(&t.records[i]) {
				return
			}
		}
	}
}

func ofTaskStore(e *task.Entry) bool {
	return e.Kind == task.ToChangelog && e.Index == len(e.Task.Sub().Stores)-1
}

// follow takes over the ends of the first n changelogs of a task. They grow by what this worker writes
// alone: a record that it does not know of is another's, and the state here is not that of the log.
func (t *transaction) follow(r *running, n int) error {
	for i, def := range r.sub.Stores[:n] {
		at := place{r.sub.Changelog(def), r.task.Task().Partition}
		wrote, ok := t.acks.written(at)
		if !ok || def.SourceTopic != "" || wrote.to == r.alone.ends[i] {
			continue
		}
		if wrote.from != r.alone.ends[i] || wrote.to-wrote.from != wrote.records {
			return fmt.Errorf("task %s: %s/%d has records of another member after offset %d, as one writes for a moment that the group has put out: going back to the last commit",
				r.task.Task(), at.topic, at.partition, r.alone.ends[i])
		}
		r.alone.ends[i] = wrote.to
	}
	return nil
}

// described are the ends of the changelogs of a task for the header of its position, but that of its task store.
func (r *running) described() kgo.RecordHeader {
	var p task.Position
	for i, def := range r.sub.Stores[:len(r.sub.Stores)-1] {
		if def.SourceTopic == "" {
			p.Inputs = append(p.Inputs, task.InputPosition{Topic: r.sub.Changelog(def), Next: r.alone.ends[i]})
		}
	}
	return kgo.RecordHeader{Key: headerEnds, Value: task.AppendPosition(nil, p)}
}

// offerAlone is step 3 without a transaction.
func (t *transaction) offerAlone(ctx context.Context, touched []*running) error {
	w := t.w
	if err := w.sameMember(); err != nil {
		return err
	}
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.InstanceID = w.app.topo.App, &w.id
	req.MemberID, req.Generation = w.client.GroupMetadata()
	for p := range w.positions(touched) {
		topic := kmsg.NewOffsetCommitRequestTopic()
		topic.Topic, topic.TopicID = p.topic, p.id
		at := kmsg.NewOffsetCommitRequestTopicPartition()
		at.Partition, at.Offset, at.Metadata = p.partition, p.next, &p.metadata
		topic.Partitions = append(topic.Partitions, at)
		req.Topics = append(req.Topics, topic)
	}
	if len(req.Topics) == 0 {
		return nil
	}
	resp, err := req.RequestWith(ctx, w.client)
	if err != nil {
		return fmt.Errorf("commit offsets: %w", err)
	}
	for _, topic := range resp.Topics {
		for _, p := range topic.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return fmt.Errorf("commit offset of %s/%d: %w", topic.Topic, p.Partition, err)
			}
		}
	}
	return nil
}
