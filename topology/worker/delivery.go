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
	take := t.acks.take // once: a method value is an allocation
	for r := range records {
		t.w.client.Produce(ctx, r, take)
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
	tail    map[place]*stretch // of each partition written
	at      place              // of the last answer: those of a batch follow each other
	last    *stretch           // what was written there
	refused []refusal          // of the last send
	first   error
}

// begin forgets the answers to the commit before.
func (a *acks) begin() { a.tail, a.last = map[place]*stretch{}, nil }

// written is what was written to a place, if anything was.
func (a *acks) written(at place) (s stretch, ok bool) {
	if found := a.tail[at]; found != nil {
		return *found, true
	}
	return s, false
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
		a.add(place{r.Topic, r.Partition}, r.Offset)
	case isOneOf(err, ofRecords):
		a.refused = append(a.refused, refusal{r, err})
	case a.first == nil:
		a.first = fmt.Errorf("%s/%d: %w", r.Topic, r.Partition, err)
	}
}

func (a *acks) add(at place, offset int64) {
	if a.last == nil || a.at != at {
		if a.tail[at] == nil {
			a.tail[at] = &stretch{}
		}
		a.at, a.last = at, a.tail[at]
	}
	*a.last = a.last.with(offset)
}
