package worker

import (
	"fmt"
	"slices"
	"time"

	"github.com/abacus-stream/abacus/state"
)

// checkpointLimit is how long a worker writes the engine before it goes on, where tasks are many.
const checkpointLimit = 10 * time.Millisecond

// checkpointIfDue writes the engine for tasks whose rows have been ahead of it for long, those first that wait
// longest, but for a while only so that no commit waits for all of them; and for each whose cache they crowd.
func (w *worker) checkpointIfDue(now time.Time) error {
	if err := w.app.engine.broken(w.log, now); err != nil {
		return err
	}
	oldest := now.Add(-w.app.cfg.CheckpointEvery)
	w.due = w.due[:0]
	for _, r := range w.running {
		// Uncommitted rows hide committed ones, so a task is written between its commits.
		if r.task.Dirty() || !r.task.Ahead() {
			continue
		}
		if r.task.Crowded() {
			if err := w.checkpoint(r); err != nil {
				return err
			}
		} else if r.written.Before(oldest) {
			w.due = append(w.due, r)
		}
	}
	return w.checkpointDue()
}

func (w *worker) checkpointDue() error {
	if len(w.due) == 0 {
		return nil
	}
	slices.SortFunc(w.due, func(a, b *running) int { return a.written.Compare(b.written) })
	began := time.Now()
	defer clear(w.due)
	for _, r := range w.due {
		if err := w.checkpoint(r); err != nil || time.Since(began) > checkpointLimit {
			return err
		}
	}
	return nil
}

// checkpointAll leaves nothing for the next start to replay.
func (w *worker) checkpointAll() error {
	for _, r := range w.running {
		if err := w.checkpoint(r); err != nil {
			return err
		}
	}
	return nil
}

// shareCache gives each table its part of the worker's cache by what it needed since the last commit.
func (w *worker) shareCache() {
	w.tables = w.tables[:0]
	for _, r := range w.running {
		w.tables = append(w.tables, r.task.Tables()...)
	}
	state.ShareCache(w.app.cfg.CacheBytes, w.tables)
}

// keptBatch is the largest batch whose memory is kept for the next one.
const keptBatch = 4 << 20

// checkpoint writes the committed rows of a task to the engine: one batch for each store, with the
// changelog offset that the store then contains.
func (w *worker) checkpoint(r *running) error {
	now := time.Now()
	if err := r.task.Checkpoint(&w.batch, r.stores, now.UnixMilli()); err != nil {
		return fmt.Errorf("task %s: engine: %w", r.task.Task(), err)
	}
	r.written = now
	if w.batch.Bytes() > keptBatch {
		w.batch = state.Batch{}
	}
	return nil
}
