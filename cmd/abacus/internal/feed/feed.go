// Package feed produces events as any client would: in JSON or MessagePack, keyed by unit.
package feed

import (
	"context"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment/units"
)

// Feed produces events to one topic. Used from one goroutine.
type Feed struct {
	client *kgo.Client
	topic  string
	sent   int64
	append func(dst []byte, ev *event.Event) []byte
	named  map[string]bool
	failed struct {
		sync.Mutex
		err error
	}
}

// New makes a feed on a client, which stays the caller's.
func New(client *kgo.Client, topic string) *Feed {
	return &Feed{client: client, topic: topic, append: event.Append, named: map[string]bool{}}
}

// MsgPack has all further events sent in MessagePack.
func (f *Feed) MsgPack() { f.append = event.AppendMsgPack }

// Send produces one event without waiting; an error that an earlier one met is told here or by Flush.
func (f *Feed) Send(ctx context.Context, ev *event.Event) error {
	f.sent++
	if !f.named[string(ev.Experiment)] {
		f.named[string(ev.Experiment)] = true
	}
	rec := &kgo.Record{Topic: f.topic, Value: f.append(make([]byte, 0, 192), ev)}
	if len(ev.Unit) > 0 {
		rec.Key = append([]byte(nil), ev.Unit...)
	}
	f.client.Produce(ctx, rec, f.done)
	return f.err()
}

// Flush waits until everything sent is acknowledged.
func (f *Feed) Flush(ctx context.Context) error {
	if err := f.client.Flush(ctx); err != nil {
		return fmt.Errorf("produce to %s: %w", f.topic, err)
	}
	return f.err()
}

// Named says whether an event sent names the experiment: an exposure, or one that carries its variant.
func (f *Feed) Named(experiment string) bool { return f.named[experiment] }

// Sent is the number of events sent.
func (f *Feed) Sent() int64 { return f.sent }

func (f *Feed) done(_ *kgo.Record, err error) {
	if err != nil {
		f.failed.Lock()
		f.failed.err = err
		f.failed.Unlock()
	}
}

func (f *Feed) err() error {
	f.failed.Lock()
	defer f.failed.Unlock()
	if f.failed.err != nil {
		return fmt.Errorf("produce to %s: %w", f.topic, f.failed.err)
	}
	return nil
}

// End produces the end-of-input marks of experiments to every partition: behind them all units are mature. Those at last, the time of
// the last event, have all units mature in its pane; those at closed let the watermark pass it, and all windows up to it. It waits
// until they are acknowledged.
func (f *Feed) End(ctx context.Context, partitions int32, last, closed int64, experiments ...string) error {
	client, err := kgo.NewClient(append(f.client.Opts(), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		return fmt.Errorf("end of input: %w", err)
	}
	defer client.Close()
	var marks []*kgo.Record
	for _, ts := range []int64{last, closed} {
		for _, name := range experiments {
			for p := range partitions {
				mark := event.Event{ID: fmt.Appendf(nil, "end-%d-%d", p, ts), Type: []byte(units.EndOfInput), Experiment: []byte(name), Time: ts}
				marks = append(marks, &kgo.Record{Topic: f.topic, Partition: p, Value: event.Append(nil, &mark)})
			}
		}
	}
	if err := client.ProduceSync(ctx, marks...).FirstErr(); err != nil {
		return fmt.Errorf("end of input: %w", err)
	}
	return nil
}
