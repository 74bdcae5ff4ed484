package worker

import (
	"cmp"
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"go.uber.org/zap"
)

// quiet asks the broker, where nothing arrives, whether anything lies behind our positions: only
// an answer makes a source quiet, an empty poll does not.
type quiet struct {
	reached map[place]progress
	asked   time.Time
}

// progress is how far a place was read.
type progress struct {
	next int64 // next offset to be fetched, control records counted
	at   time.Time
}

// askEvery is how often the ends of quiet sources are asked for.
const askEvery = 500 * time.Millisecond

func (q *quiet) reach(p place, next int64) {
	if q.reached == nil {
		q.reached = map[place]progress{}
	}
	q.reached[p] = progress{next, time.Now()}
}

// forget drops the position in a partition that is let go: who has it next may have read less.
func (q *quiet) forget(p place) { delete(q.reached, p) }

// observeQuiet tells the tasks which of their timed sources have nothing more.
func (w *worker) observeQuiet(ctx context.Context, now time.Time) {
	q := &w.quiet
	if now.Sub(q.asked) < askEvery {
		return
	}
	topics := map[string]bool{}
	for p, s := range w.slots {
		if s.run.sub.Sources[s.source].Timed && now.Sub(q.reached[p].at) >= askEvery {
			topics[p.topic] = true
		}
	}
	if len(topics) == 0 {
		return
	}
	names := make([]string, 0, len(topics))
	for t := range topics {
		names = append(names, t)
	}
	q.asked = now
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	ends, err := w.app.admin.ListCommittedOffsets(ctx, names...) // without an answer nobody is idle
	if err = cmp.Or(err, ends.Error()); err != nil && w.endless.due(now) {
		w.log.Warn("ends of source topics are not known: their tasks are not idle, and with no more input windows stay open", zap.Strings("topics", names), zap.Error(err))
	}
	w.markQuiet(topics, ends, now.UnixMilli())
}

// markQuiet takes the answer over, and takes back what an earlier one said where this one does not.
func (w *worker) markQuiet(asked map[string]bool, ends kadm.ListedOffsets, wall int64) {
	for p, s := range w.slots {
		if !s.run.sub.Sources[s.source].Timed || !asked[p.topic] {
			continue
		}
		end, ok := ends.Lookup(p.topic, p.partition)
		at := max(w.quiet.reached[p].next, s.run.task.Next(s.source))
		if ok && end.Err == nil && at >= end.Offset {
			s.run.task.Quiet(s.source, wall)
		} else {
			s.run.task.Busy(s.source)
		}
	}
}
