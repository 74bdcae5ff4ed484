package worker

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/topology/task"
)

// flush is the last complete commit of a task without a transaction: the state is restored as of it.
type flush struct {
	ends map[string]int64 // of the changelogs, and of the sources
}

// end is where the replay of a topic ends, if the flush says so.
func (f *flush) end(topic string) (int64, bool) {
	if f == nil {
		return 0, false
	}
	at, ok := f.ends[topic]
	return at, ok
}

// torn is a row that a commit has written which was cut off.
type torn struct {
	store int
	key   []byte
}

// lastFlush looks for the last position in the log that was written without a transaction. What follows it, in
// any changelog of the task, is of a commit that was cut off. With transactions there is no such thing, and the last
// records of the log tell as much.
func (w *worker) lastFlush(ctx context.Context, r *restored) error {
	own := len(r.sub.Stores) - 1
	topic := r.sub.Changelog(r.sub.Stores[own])
	at := place{topic, r.id.Partition}
	end, err := w.app.logEnd(ctx, at)
	if err != nil {
		return err
	}
	first, err := w.app.logStart(ctx, at)
	if err != nil {
		return err
	}
	in := w.app.reader(at, first)
	if w.app.cfg.Guarantee == ExactlyOnce {
		in.next = max(first, end-2) // a position and the marker of its transaction
		if whole, err := w.ofTransaction(ctx, in, end); whole || err != nil {
			return err
		}
	}
	checkpoint, _, err := w.app.engine.open(w.app.storeName(r.id, r.sub.Stores[own]), r.sub.Stores[own].Memory).Checkpoint()
	if err != nil {
		return err
	}
	// The position of a checkpoint lies right before its end, unless markers or a standby's rows are there.
	const some = 1000
	for _, in.next = range []int64{max(first, checkpoint.ChangelogOffset-1), max(first, checkpoint.ChangelogOffset-some), first} {
		if err := in.upTo(ctx, w.log, end, r.considerAll(topic)); err != nil {
			return err
		}
		if r.reached || r.passed {
			break
		}
	}
	switch {
	case r.passed && !r.reached:
		return fmt.Errorf("%w: no position in %s is as far as the committed offsets", errUntrusted, topic)
	case r.flush == nil && w.app.cfg.Guarantee == ExactlyOnce:
		return nil
	}
	return w.findTorn(ctx, r)
}

func (r *restored) considerAll(topic string) func([]*kgo.Record) error {
	return func(records []*kgo.Record) error {
		for _, rec := range records {
			if err := r.consider(rec, topic); err != nil {
				return err
			}
		}
		return nil
	}
}

// ofTransaction says that nothing but a position, written by a transaction, and its marker lie before the end.
func (w *worker) ofTransaction(ctx context.Context, in *reader, end int64) (bool, error) {
	if in.next == end {
		return true, nil
	}
	first, n, whole := in.next, 0, false
	err := in.upTo(ctx, w.log, end, func(records []*kgo.Record) error {
		for _, rec := range records {
			n++
			whole = n == 1 && rec.Offset == first && first == end-2 && isPosition(rec) && endsOf(rec) == nil
		}
		return nil
	})
	return whole, err
}

func isPosition(rec *kgo.Record) bool { return string(rec.Key) == string(task.PositionKey()) }

func endsOf(rec *kgo.Record) []byte {
	for _, h := range rec.Headers {
		if h.Key == headerEnds {
			return h.Value
		}
	}
	return nil
}

// consider takes over a position, unless it is behind the group's offsets: then it is of a member that had been put out.
func (r *restored) consider(rec *kgo.Record, topic string) error {
	if !isPosition(rec) {
		return nil
	}
	p, err := task.ParsePosition(rec.Value)
	if err != nil {
		return fmt.Errorf("%w: %w", errUntrusted, err)
	}
	f := &flush{ends: map[string]int64{topic: rec.Offset + 1}}
	for _, in := range p.Inputs {
		f.ends[in.Topic] = max(in.Next, 0) // where tables end that are read from their source
	}
	for i, src := range r.sub.Sources {
		if f.ends[src.Topic] < r.committed[i] {
			r.passed = true
			return nil
		}
	}
	r.reached = true
	header := endsOf(rec)
	if header == nil {
		r.flush = nil
		return nil
	}
	ends, err := task.ParsePosition(header)
	if err != nil {
		return fmt.Errorf("%w: %w", errUntrusted, err)
	}
	for _, in := range ends.Inputs {
		f.ends[in.Topic] = in.Next
	}
	r.flush = f
	return nil
}

// findTorn notes the ends of the changelogs and the rows behind the last complete flush.
func (w *worker) findTorn(ctx context.Context, r *restored) error {
	r.alone.ends = make([]int64, len(r.sub.Stores))
	for i, def := range r.sub.Stores {
		if def.SourceTopic != "" {
			continue
		}
		at := place{r.sub.Changelog(def), r.id.Partition}
		end, err := w.app.logEnd(ctx, at)
		if err != nil {
			return err
		}
		r.alone.ends[i] = end
		from, ok := r.flush.end(at.topic)
		if !ok || from >= end {
			continue
		}
		w.log.Warn("a commit was cut off: its rows are put back", zap.Stringer("task", r.id), zap.String("changelog", at.topic), zap.Int64("offsets", end-from))
		err = w.app.reader(at, from).upTo(ctx, w.log, end, func(records []*kgo.Record) error {
			for _, rec := range records {
				if rec.Offset >= from && rec.Offset < end {
					r.torn = append(r.torn, torn{i, rec.Key})
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// putBack has the next commit write the torn rows as the state has them.
func (r *restored) putBack() error {
	if r.flush == nil {
		r.alone.before = task.AppendPosition(nil, task.Position{StreamTime: math.MinInt64, Watermark: math.MinInt64})
		row, ok, err := r.tables[len(r.tables)-1].Get(task.PositionKey())
		if err != nil {
			return err
		}
		if ok {
			r.alone.before = slices.Clone(row)
		}
	}
	for _, row := range r.torn {
		table := r.tables[row.store]
		value, ok, err := table.Get(row.key)
		if err != nil {
			return err
		}
		if ok {
			table.Put(row.key, slices.Clone(value))
		} else {
			table.Delete(row.key)
		}
	}
	return nil
}
