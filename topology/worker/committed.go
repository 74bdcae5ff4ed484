package worker

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
)

// committed reads the group's offsets of a task's sources as the broker knows them once no
// transaction is pending on them.
func (w *worker) committed(ctx context.Context, r *restored) error {
	sources := make([]place, len(r.sub.Sources))
	for i, src := range r.sub.Sources {
		sources[i] = place{src.Topic, r.id.Partition}
	}
	var resp kadm.OffsetResponses
	err := untilAnswered(ctx, func() (err error) {
		resp, err = w.app.stableOffsets(ctx, sources)
		return err
	})
	if err != nil {
		return fmt.Errorf("committed offsets: %w", err)
	}
	return w.begins(ctx, r, resp)
}

// untilAnswered asks until there is an answer that asking again would not change.
func untilAnswered(ctx context.Context, ask func() error) error {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		if err := ask(); err == nil || !kerr.IsRetriable(err) {
			return err
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// begins takes over committed offsets. A source without one begins at the start of its log: it is
// given that offset, so that a task's first transaction commits one and is fenced by it.
func (w *worker) begins(ctx context.Context, r *restored, resp kadm.OffsetResponses) (err error) {
	if err := w.recreated(ctx, r, resp); err != nil {
		return err
	}
	n := len(r.sub.Sources)
	r.committed, r.begin, r.lost = make([]int64, n), make([]int64, n), make([]int64, n)
	for i, src := range r.sub.Sources {
		r.committed[i] = -1
		if o, ok := resp.Lookup(src.Topic, r.id.Partition); ok && o.At >= 0 {
			r.committed[i] = o.At
			_, ours := parseNote(o.Metadata, r.sub.Name)
			r.ours = r.ours || ours
		}
		if r.begin[i] = r.committed[i]; r.begin[i] < 0 {
			if r.begin[i], err = w.app.logStart(ctx, place{src.Topic, r.id.Partition}); err != nil {
				return err
			}
		}
	}
	return w.within(ctx, r)
}

// within deals with a committed offset that lies outside the log: what is missing was never processed.
// Behind the end, which a log that lost its tail may be, there is nothing earlier to go on with.
func (w *worker) within(ctx context.Context, r *restored) error {
	for i, src := range r.sub.Sources {
		at := r.committed[i]
		if at < 0 {
			continue
		}
		start, err := w.app.logStart(ctx, place{src.Topic, r.id.Partition})
		if err != nil {
			return err
		}
		end, err := w.app.logEnd(ctx, place{src.Topic, r.id.Partition})
		if err != nil {
			return err
		}
		if at >= start && at <= end {
			continue
		}
		if w.app.cfg.Policies.Lost == Refuse {
			return fmt.Errorf("%s/%d has offsets %d to %d, the committed one is %d: records were deleted before they were processed, by retention or by hand; set Policies.Lost to go on without them, or %w",
				src.Topic, r.id.Partition, start, end, at, errRefused)
		}
		if r.begin[i] = end; w.app.cfg.Policies.Lost == Earliest && at < start {
			r.begin[i] = start
		}
		w.log.Error("records were deleted before they were processed; going on behind them", zap.Stringer("task", r.id),
			zap.String("topic", src.Topic), zap.Int64("committed", at), zap.Int64("next", r.begin[i]), zap.Int64("offsets", r.begin[i]-at))
		r.lost[i] = r.begin[i] - at
	}
	return nil
}

// passOver has a task go on where it was restored to, beyond what is lost, and the client read from there.
func (w *worker) passOver(r *restored, run *running) {
	at := map[string]map[int32]kgo.EpochOffset{}
	for i, src := range r.sub.Sources {
		if n := r.lost[i]; n != 0 {
			run.task.Jump(i, r.begin[i])
			run.task.Count("lost_offsets_total", max(n, 0))
			at[src.Topic] = map[int32]kgo.EpochOffset{r.id.Partition: {Epoch: -1, Offset: r.begin[i]}}
		}
	}
	w.client.SetOffsets(at)
}
