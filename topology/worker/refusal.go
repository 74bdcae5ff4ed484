package worker

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// refusal is a record that its topic does not take, alone or with others of its batch.
type refusal struct {
	record *kgo.Record
	cause  error
}

// ofRecords are the answers that have their reason in a record: another try gets the same one.
var ofRecords = []error{kerr.MessageTooLarge, kerr.RecordListTooLarge, kerr.InvalidRecord, kerr.InvalidTimestamp}

// settle finds the records to blame, since the broker refuses whole batches, and deals with them as
// the policy says. The others are sent again, in their order: what was refused has left nothing in
// the log, and the transaction goes on.
func (t *transaction) settle(ctx context.Context, refused []refusal) error {
	if len(refused) == 1 {
		return t.blame(ctx, refused[0])
	}
	for half := range slices.Chunk(refused, (len(refused)+1)/2) {
		still, err := t.send(ctx, func(yield func(*kgo.Record) bool) {
			for _, r := range half {
				if !yield(r.record) {
					return
				}
			}
		})
		if err == nil && len(still) > 0 {
			err = t.settle(ctx, still)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// blame deals with a record that its topic refuses by itself.
func (t *transaction) blame(ctx context.Context, r refusal) error {
	e, policy := t.entryOf(r.record), t.w.app.cfg.Policies.Refused
	cause := t.w.app.topics.refused(r)
	if e.Kind != task.ToSink || policy != topology.DeadLetter && policy != topology.Skip {
		return failedAt(e.Task.Task(), "outputs", cause)
	}
	letter := e.Task.Refused(e, fmt.Sprintf("%s/%d", r.record.Topic, r.record.Partition), policy, cause)
	if letter == nil {
		return nil
	}
	again := record(letter, t.w.app.cfg.DeadLetters, 0)
	still, err := t.send(ctx, func(yield func(*kgo.Record) bool) { yield(&again) })
	if err == nil && len(still) > 0 {
		err = failedAt(e.Task.Task(), "dead letters", t.w.app.topics.refused(still[0]))
	}
	t.letters = append(t.letters, again)
	return err
}

// entryOf is what a record of the commit was made of.
func (t *transaction) entryOf(r *kgo.Record) *task.Entry {
	for i := range t.records {
		if &t.records[i] == r {
			return t.entries[i]
		}
	}
	panic("worker: a record that the commit did not send")
}

// refused names a record that its topic does not take, and what to do about it. The same input makes
// it anew at each try: to leave it out unasked would falsify what is read from the topic.
func (t *topics) refused(r refusal) error {
	const shown = 64
	advice := "the topic does not take it as it is: a compacted one takes no record without a key, and message.timestamp.* bounds times; change the topic or the output"
	if isOneOf(r.cause, []error{kerr.MessageTooLarge, kerr.RecordListTooLarge}) {
		advice = fmt.Sprintf("is too large, the topic took %d bytes when the app started: raise its max.message.bytes and start the app again", t.limit(r.record.Topic))
	}
	return fmt.Errorf("%s/%d: a record with key %q of %d bytes and a value of %d bytes %s; or set Policies.Refused: %w", r.record.Topic, r.record.Partition,
		r.record.Key[:min(len(r.record.Key), shown)], len(r.record.Key), len(r.record.Value), advice, r.cause)
}
