package worker

import (
	"context"
	"time"
)

const (
	// turnLimit is how long the records of one turn are worked on: no timer, rebalance or stop waits longer, but for the
	// step that is running.
	turnLimit = 100 * time.Millisecond
	// sliceRecords and sliceLimit are how much of one task is processed before it is the turn of the next.
	sliceRecords, sliceLimit = 2048, 5 * time.Millisecond
	// strideMost is how many records go by between two looks at the clock. Where they are slow, each is looked at.
	strideMost = 64
)

// process works off the queues, looking at the clock so that commits stay on time. What is left when the turn is over
// comes in the next one.
func (w *worker) process(ctx, inner context.Context) error {
	end := time.Now().Add(turnLimit)
	w.pace.behind = true
	for busy := true; busy; {
		busy = false
		for _, r := range w.running {
			more, now, err := w.slice(ctx, r)
			if err != nil {
				return failedAt(r.task.Task(), "processing", err)
			}
			busy = busy || more
			if w.interrupted(ctx) || now.After(end) {
				return nil
			}
		}
		if !busy {
			w.pace.behind = false
			return nil
		}
		if err := w.commitIfDue(inner); err != nil {
			return err
		}
		w.answer()
	}
	return nil
}

// slice processes records of one task, and says whether there may be more, and what time it has become.
func (w *worker) slice(ctx context.Context, r *running) (more bool, now time.Time, err error) {
	now = time.Now()
	end := now.Add(sliceLimit)
	for done := 0; done < sliceRecords; {
		stride, before := max(r.stride, 1), now
		n, err := r.task.Process(stride)
		if err != nil {
			return false, now, err
		}
		done, now = done+n, time.Now()
		r.records += int64(n)
		if now.Sub(before) > sliceLimit {
			r.stride = 1
		} else {
			r.stride = min(2*stride, strideMost)
		}
		if n < stride {
			return false, now, nil
		}
		if now.After(end) || w.interrupted(ctx) {
			break
		}
	}
	return true, now, nil
}

// interrupted says that the app stops, or that tasks come and go: records wait for that, not the other way round.
func (w *worker) interrupted(ctx context.Context) bool {
	return len(w.moves) > 0 || len(w.opened) > 0 || ctx.Err() != nil
}

// pauseFull stops the fetching of partitions that a task does not keep up with, or where a record waits for its next
// try, until most of their queue is worked off. What the client holds of a paused one is fetched again.
//
// Invariant (bounded queue): no partition has more records queued than two polls bring.
func (w *worker) pauseFull() {
	most := w.app.cfg.PollRecords
	for at, s := range w.slots {
		queued := s.run.task.Queued(s.source)
		switch {
		case !s.full && queued > most:
			s.full = true
			w.client.PauseFetchPartitions(map[string][]int32{at.topic: {at.partition}})
		case s.full && queued <= most/2:
			s.full = false
			w.client.ResumeFetchPartitions(map[string][]int32{at.topic: {at.partition}})
		}
	}
}

// resume lets the partitions of a task flow, but those that are full.
func (w *worker) resume(r *running) {
	partitions := map[string][]int32{}
	for _, src := range r.sub.Sources {
		at := place{src.Topic, r.task.Task().Partition}
		if s := w.slots[at]; s == nil || !s.full {
			partitions[at.topic] = []int32{at.partition}
		}
	}
	w.client.ResumeFetchPartitions(partitions)
}
