package worker

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"go.uber.org/zap"
)

// quiet asks the broker, where nothing arrives, whether anything lies behind our positions: only
// an answer makes a source quiet, an empty poll does not.
type quiet struct {
	reached  map[place]progress
	asked    time.Time
	asking   bool // an answer is to come
	answers  chan answer
	answered time.Time
}

// answer is how far topics reach; without ends the broker did not tell.
type answer struct {
	topics map[string]bool
	ends   kadm.ListedOffsets
	err    error
}

func newQuiet() quiet {
	return quiet{reached: map[place]progress{}, answers: make(chan answer, 1)}
}

// progress is how far a place was read.
type progress struct {
	next int64 // next offset to be fetched, control records counted
	at   time.Time
}

// askEvery is how often the ends of quiet sources are asked for, askLimit how long an answer holds, and may take.
const askEvery, askLimit = 500 * time.Millisecond, time.Second

func (q *quiet) reach(p place, next int64) { q.reached[p] = progress{next, time.Now()} }

// forget drops the position in a partition that is let go: who has it next may have read less.
func (q *quiet) forget(p place) { delete(q.reached, p) }

// observeQuiet tells the tasks which of their timed sources have nothing more, as soon as the broker has said so: the
// worker does not wait for it.
func (w *worker) observeQuiet(session context.Context, now time.Time) {
	q := &w.quiet
	select {
	case a := <-q.answers:
		q.asking = false
		w.takeAnswer(a, now)
	default:
	}
	if q.asking && now.Sub(q.answered) > askLimit {
		w.markQuiet(nil, now) // what the broker has said last is too long ago
	}
	if q.asking || now.Sub(q.asked) < askEvery {
		return
	}
	if topics := w.silent(now); len(topics) > 0 {
		q.asked, q.asking = now, true
		answers := q.answers
		w.watch.Go(func() { answers <- w.app.ends(session, topics) })
	}
}

// silent are the topics of timed sources of which nothing has come for a while.
func (w *worker) silent(now time.Time) map[string]bool {
	topics := map[string]bool{}
	for p, s := range w.slots {
		if s.run.sub.Sources[s.source].Timed && now.Sub(w.quiet.reached[p].at) >= askEvery {
			topics[p.topic] = true
		}
	}
	return topics
}

func (a *App) ends(ctx context.Context, topics map[string]bool) answer {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	ends, err := a.admin.ListCommittedOffsets(ctx, slices.Collect(maps.Keys(topics))...)
	return answer{topics, ends, cmp.Or(err, ends.Error())}
}

func (w *worker) takeAnswer(a answer, now time.Time) {
	if a.err == nil {
		w.quiet.answered = now
	} else if w.endless.due(now) {
		w.log.Warn("ends of source topics are not known: their tasks are not idle, and with no more input windows stay open",
			zap.Strings("topics", slices.Sorted(maps.Keys(a.topics))), zap.Error(a.err))
	}
	w.markQuiet(&a, now)
}

// markQuiet takes an answer over, and takes back what an earlier one said where this one does not, or where none is
// left that holds.
func (w *worker) markQuiet(a *answer, now time.Time) {
	for p, s := range w.slots {
		if !s.run.sub.Sources[s.source].Timed || a != nil && !a.topics[p.topic] {
			continue
		}
		at := max(w.quiet.reached[p].next, s.run.task.Next(s.source))
		if end, ok := a.end(p); ok && at >= end {
			s.run.task.Quiet(s.source, now.UnixMilli())
		} else {
			s.run.task.Busy(s.source)
		}
	}
}

// end is where a partition ends, if the answer says so.
func (a *answer) end(p place) (int64, bool) {
	if a == nil {
		return 0, false
	}
	end, ok := a.ends.Lookup(p.topic, p.partition)
	return end.Offset, ok && end.Err == nil
}
