package worker

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// quiet asks the broker, while nothing arrives, whether anything lies behind our positions: only
// an answer makes a source quiet, an empty poll does not.
type quiet struct {
	position map[place]int64 // next offset to be fetched, control records counted
	asked    time.Time
	heard    time.Time
}

// askEvery is how often the ends of quiet sources are asked for.
const askEvery = 500 * time.Millisecond

func (q *quiet) reached(p place, next int64) {
	if q.position == nil {
		q.position = map[place]int64{}
	}
	q.position[p] = next
	q.heard = time.Now()
}

// observeQuiet tells the tasks which of their timed sources have nothing more.
func (w *worker) observeQuiet(ctx context.Context, now time.Time) error {
	q := &w.quiet
	if now.Sub(q.asked) < askEvery || now.Sub(q.heard) < askEvery || len(w.running) == 0 {
		return nil
	}
	topics := map[string]bool{}
	for _, r := range w.running {
		for _, src := range r.sub.Sources {
			if src.Timed {
				topics[src.Topic] = true
			}
		}
	}
	if len(topics) == 0 {
		return nil
	}
	names := make([]string, 0, len(topics))
	for t := range topics {
		names = append(names, t)
	}
	q.asked = now
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	ends, err := w.app.admin.ListCommittedOffsets(ctx, names...)
	if err != nil {
		return nil // not an answer: nobody is idle
	}
	w.markQuiet(ends, now.UnixMilli())
	return nil
}

func (w *worker) markQuiet(ends kadm.ListedOffsets, wall int64) {
	for p, s := range w.slots {
		if !s.run.sub.Sources[s.source].Timed {
			continue
		}
		end, ok := ends.Lookup(p.topic, p.partition)
		if !ok || end.Err != nil {
			continue
		}
		at := max(w.quiet.position[p], s.run.task.Next(s.source))
		if at >= end.Offset {
			s.run.task.Quiet(s.source, wall)
		}
	}
}
