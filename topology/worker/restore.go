package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// restored is a task's state brought up to the log, beside processing.
type restored struct {
	id        topology.TaskID
	sub       *topology.Sub
	stores    []state.Store
	tables    []*state.Table
	committed []int64 // by source: the group's offset, -1 where there is none
	begin     []int64 // by source: that offset, or the start of the log
	ours      bool    // this app committed one of the offsets, so a position lies in the changelog
	lost      []int64 // by source: offsets that are no more and were not processed
	flush     *flush  // the last whole one without a transaction; nil: the log's end is that of a transaction
	torn      []torn  // rows that are to be put back
	ahead     bool    // of the committed offsets
	alone     alone
	passed    bool     // a position looked at is behind the committed offsets
	reached   bool     // one is not
	of        *opening // what it is the result of
	err       error
}

// errUntrusted marks state that disagrees with the group: it is rebuilt from the changelog, loudly.
var errUntrusted = errors.New("local state disagrees with the committed offsets")

// errRefused marks what only the operator can settle.
var errRefused = errors.New("reset the app's topics and state together (abacus topics reset, worker.PlanReset)")

// tombstones is how long the changelogs keep deletions, trusted how far back a restore relies on it.
const tombstones, trusted = 24 * time.Hour, 20 * time.Hour

// restore opens the stores of a task and replays the tails of their changelogs. State that
// cannot be trusted is cleared and replayed whole, once.
func (w *worker) restore(ctx context.Context, sub *topology.Sub, id topology.TaskID) restored {
	r, err := w.replay(ctx, sub, id)
	if broken := w.app.engine.broken(w.log, time.Now()); broken != nil {
		return restored{id: id, err: broken} // to clear a store does not mend its files
	}
	if errors.Is(err, errUntrusted) || errors.Is(err, state.ErrCorrupt) || errors.Is(err, kerr.OffsetOutOfRange) {
		w.log.Error("state is rebuilt from the changelog", zap.Stringer("task", id), zap.Error(err))
		for _, def := range sub.Stores { // also those that the replay did not come to
			if err := w.app.engine.store(w.app.storeName(id, def), def.Memory).Clear(); err != nil {
				return restored{id: id, err: fmt.Errorf("task %s: clear: %w", id, err)}
			}
		}
		r, err = w.replay(ctx, sub, id)
	}
	if errors.Is(err, errUntrusted) || errors.Is(err, errRefused) {
		err = &stepError{err} // no session will read anything else
	}
	if err != nil {
		r.err = fmt.Errorf("task %s: restore: %w", id, err)
	}
	return r
}

// replay is one try. The committed offsets are read first, stable; the log ends after that, so
// that every transaction whose offsets count lies below them.
func (w *worker) replay(ctx context.Context, sub *topology.Sub, id topology.TaskID) (restored, error) {
	r := restored{id: id, sub: sub}
	if err := w.committed(ctx, &r); err != nil {
		return r, err
	}
	if err := w.lastFlush(ctx, &r); err != nil {
		return r, err
	}
	p := newRestoring(w.log, id, time.Now())
	for i, def := range sub.Stores {
		store := w.app.engine.store(w.app.storeName(id, def), def.Memory)
		table := state.NewTable(def.Name, i, store, w.app.cfg.CacheBytes)
		r.stores, r.tables = append(r.stores, store), append(r.tables, table)
		if err := w.replayStore(ctx, &r, i, p); err != nil {
			return r, fmt.Errorf("store %s: %w", def.Name, err)
		}
	}
	p.end(time.Now())
	return r, r.agree()
}

// replayStore replays one changelog from the store's checkpoint to the end.
func (w *worker) replayStore(ctx context.Context, r *restored, i int, p *restoring) error {
	def, table := r.sub.Stores[i], r.tables[i]
	checkpoint, kept, err := table.Store().Checkpoint()
	if err != nil {
		return err
	}
	topic := r.sub.Changelog(def)
	if id := w.app.topics.ids[topic]; kept && checkpoint.Changelog != id {
		return fmt.Errorf("%w: it is of another topic %s than the present one", errUntrusted, topic)
	}
	end, err := w.changelogEnd(ctx, r, topic, def.SourceTopic != "")
	if err != nil {
		return err
	}
	in := &reader{app: w.app, topic: topic, partition: r.id.Partition, next: checkpoint.ChangelogOffset, wait: 100 * time.Millisecond, source: def.SourceTopic != ""}
	if in.next > end {
		return fmt.Errorf("%w: contains %s up to %d, the log ends at %d", errUntrusted, topic, in.next, end)
	}
	if err := w.app.fresh(ctx, in, end); err != nil {
		return err
	}
	if in.next == 0 {
		if in.next, err = w.app.logStart(ctx, topic, r.id.Partition); err != nil {
			return err
		}
	}
	return w.replayRange(ctx, table, in, end, p)
}

// fresh fails for a store that is behind records so old that deletions among them may be gone from
// the log: what they deleted would come to life again.
func (a *App) fresh(ctx context.Context, in *reader, end int64) error {
	if in.next == 0 || in.next == end {
		return nil
	}
	kept, err := a.admin.ListOffsetsAfterMilli(ctx, time.Now().Add(-trusted).UnixMilli(), in.topic)
	if err != nil {
		return err
	}
	from, err := offsetOf(kept, in.topic, in.partition)
	if err == nil && in.next < min(from, end) {
		err = fmt.Errorf("%w: contains %s up to %d; what follows is older than %s", errUntrusted, in.topic, in.next, trusted)
	}
	return err
}

// replayRange applies changelog records up to end by position: what lies last is a control record.
func (w *worker) replayRange(ctx context.Context, table *state.Table, in *reader, end int64, p *restoring) error {
	var batch state.Batch
	var stalled stall
	in.again = []kgo.Pool{&spare{}}
	for in.next < end {
		stalled.look(w.log, in, time.Now())
		records, err := in.fetch(ctx)
		if err != nil {
			return err
		}
		for _, rec := range records {
			if rec.Offset < end && !(in.source && rec.Key == nil) {
				table.Restore(&batch, rec.Key, rec.Value)
			}
		}
		for _, rec := range records {
			rec.Recycle() // the batch has a copy
		}
		batch.SetCheckpoint(state.Checkpoint{ChangelogOffset: min(in.next, end), Changelog: w.app.topics.ids[in.topic]})
		if err := table.Store().Apply(&batch); err != nil {
			return err
		}
		batch.Reset()
		left := max(end-in.next, 0)
		p.add(table.Name(), len(records), left, time.Now())
		if hook := w.app.cfg.Hooks.Restored; hook != nil {
			hook(p.task, table.Name(), len(records), left)
		}
	}
	return nil
}

// changelogEnd is where the replay ends: the log end read uncommitted; for a table read from its
// source topic the committed offset, as what follows is processed yet.
func (w *worker) changelogEnd(ctx context.Context, r *restored, topic string, source bool) (int64, error) {
	if at, ok := r.flush.end(topic); ok {
		return at, nil
	}
	if source {
		for i, src := range r.sub.Sources {
			if src.Topic == topic {
				return max(r.committed[i], 0), nil
			}
		}
	}
	return w.app.logEnd(ctx, topic, r.id.Partition)
}

func (a *App) logEnd(ctx context.Context, topic string, partition int32) (int64, error) {
	ends, err := a.admin.ListEndOffsets(ctx, topic)
	if err != nil {
		return 0, err
	}
	return offsetOf(ends, topic, partition)
}

func (a *App) logStart(ctx context.Context, topic string, partition int32) (int64, error) {
	starts, err := a.admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return 0, err
	}
	return offsetOf(starts, topic, partition)
}

func offsetOf(listed kadm.ListedOffsets, topic string, partition int32) (int64, error) {
	o, ok := listed.Lookup(topic, partition)
	if !ok {
		return 0, fmt.Errorf("offset of %s/%d: %w", topic, partition, kerr.UnknownTopicOrPartition)
	}
	return o.Offset, o.Err
}

// agree compares the position in the task store with the group's offsets.
func (r *restored) agree() error {
	row, ok, err := r.tables[len(r.tables)-1].Get(task.PositionKey())
	if err != nil {
		return err
	}
	if !ok && r.ours {
		return fmt.Errorf("%w: the changelog of %s has no position, and there are committed offsets", errUntrusted, r.tables[len(r.tables)-1].Name())
	}
	if !ok {
		return nil
	}
	p, err := task.ParsePosition(row)
	if err != nil {
		return fmt.Errorf("%w: %w", errUntrusted, err)
	}
	for _, in := range p.Inputs {
		for i, src := range r.sub.Sources {
			if src.Topic != in.Topic || in.Next == r.committed[i] {
				continue
			}
			if r.flush != nil && in.Next > r.committed[i] {
				if r.lost[i] == 0 {
					r.begin[i], r.ahead = in.Next, true // what is flushed is done, the group's offset follows
				}
				continue
			}
			if r.committed[i] < 0 {
				return fmt.Errorf("the group has no offset of %s while the state reflects it up to %d: offsets expired or were deleted; %w", src.Topic, in.Next, errRefused)
			}
			return fmt.Errorf("%w: %s up to %d, committed %d", errUntrusted, src.Topic, in.Next, r.committed[i])
		}
	}
	return nil
}
