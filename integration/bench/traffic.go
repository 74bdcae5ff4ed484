package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// traffic is tagged events at a steady rate. Those of an experiment go to one partition, so that the k-th of a group,
// an experiment or a part of it, is in as soon as the group's n is k.
type traffic struct {
	rate  int // events per second
	group func(i int64, experiment int) string

	mu struct {
		sync.Mutex
		due map[string][]time.Time // by group: when its events were due
	}
}

func newTraffic(rate int, group func(i int64, experiment int) string) *traffic {
	t := &traffic{rate: rate, group: group}
	t.mu.due = map[string][]time.Time{}
	return t
}

// send produces events as they are due, with that time, until the time is over; then all are acknowledged.
func (t *traffic) send(ctx context.Context, s *stage, during time.Duration) error {
	begin := time.Now()
	all := during.Nanoseconds() * int64(t.rate) / int64(time.Second)
	failed := make(chan error, 1)
	for i := range all {
		due := begin.Add(time.Duration(i) * time.Second / time.Duration(t.rate))
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
		}
		at := int(i % experiments)
		t.sent(t.group(i, at), due)
		r := &kgo.Record{Topic: s.events(), Partition: int32(at % partitions), Value: taggedEvent(i, due.UnixMilli(), at)}
		s.client.Produce(ctx, r, func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case failed <- fmt.Errorf("steady events: %w", err):
				default:
				}
			}
		})
	}
	if err := s.client.Flush(ctx); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func (t *traffic) sent(group string, due time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.due[group] = append(t.mu.due[group], due)
}

// reading is what one reader has seen of the traffic.
type reading struct {
	of   *traffic
	from time.Time // events due before it are warming up
	seen map[string]int
	took []time.Duration // from due to readable, one for each event
}

func (t *traffic) reading(from time.Time) *reading {
	return &reading{of: t, from: from, seen: map[string]int{}}
}

// see notes that n events of a group are readable now.
func (r *reading) see(group string, n int64, now time.Time) {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	due := r.of.mu.due[group]
	for k := r.seen[group]; k < int(n) && k < len(due); k++ {
		if !due[k].Before(r.from) {
			r.took = append(r.took, now.Sub(due[k]))
		}
	}
	r.seen[group] = max(r.seen[group], int(n))
}

// all is the number of events seen.
func (r *reading) all() (n int64) {
	for _, seen := range r.seen {
		n += int64(seen)
	}
	return n
}
