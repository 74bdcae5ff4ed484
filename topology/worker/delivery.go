package worker

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// deliver sends records until each is in the log or dealt with otherwise.
func (t *transaction) deliver(ctx context.Context, records iter.Seq[*kgo.Record]) error {
	refused, err := t.send(ctx, records)
	if err != nil || len(refused) == 0 {
		return err
	}
	return t.settle(ctx, refused)
}

// send produces records and waits for the answers. It gives those that are refused, in their order;
// of other errors the first wins.
func (t *transaction) send(ctx context.Context, records iter.Seq[*kgo.Record]) ([]refusal, error) {
	t.acks.first, t.acks.refused = nil, nil
	for r := range records {
		t.w.client.Produce(ctx, r, t.acks.take)
	}
	if err := t.w.client.Flush(ctx); err != nil {
		return nil, fmt.Errorf("flush: %w", err)
	}
	t.acks.Lock()
	defer t.acks.Unlock()
	if t.acks.first != nil {
		return nil, fmt.Errorf("produce: %w", t.acks.first)
	}
	return t.acks.refused, nil
}

// acks are the broker's answers to the records of a commit.
type acks struct {
	sync.Mutex
	tail    map[place]stretch // of each partition written
	refused []refusal         // of the last send
	first   error
}

// stretch is a part of a log that a commit has written.
type stretch struct {
	from, to int64
	records  int64
}

func (s stretch) with(offset int64) stretch {
	if s.records == 0 {
		return stretch{offset, offset + 1, 1}
	}
	return stretch{min(s.from, offset), max(s.to, offset+1), s.records + 1}
}

// take runs on the client's goroutine for each record.
func (a *acks) take(r *kgo.Record, err error) {
	a.Lock()
	defer a.Unlock()
	switch {
	case err == nil:
		at := place{r.Topic, r.Partition}
		a.tail[at] = a.tail[at].with(r.Offset)
	case isOneOf(err, ofRecords):
		a.refused = append(a.refused, refusal{r, err})
	case a.first == nil:
		a.first = fmt.Errorf("%s/%d: %w", r.Topic, r.Partition, err)
	}
}
