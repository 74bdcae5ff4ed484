package task

import (
	"fmt"
	"math"
	"slices"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// Flush ends the processing of a commit interval: outputs of the processors, then the watermark,
// then one changelog record per dirty row, the position last.
func (t *Task) Flush() (err error) {
	defer caught(&err)
	t.current, t.shown = topology.Source{}, nil
	// Processors are initialised from the sinks up, so the last one comes first: what it sends
	// reaches the others before their own turn.
	for _, flush := range slices.Backward(t.flushes) {
		if err := flush(); err != nil {
			return fmt.Errorf("task %s: flush: %w", t.cfg.ID, err)
		}
	}
	t.sendWatermark()
	t.scratch = AppendPosition(t.scratch[:0], t.Position())
	t.own.Put(positionKey, t.scratch)
	log := changelog{t}
	for i, store := range t.cfg.Sub.Stores {
		if store.SourceTopic == "" {
			t.cfg.Tables[i].Flush(log)
		} else {
			t.cfg.Tables[i].Flush(discard{})
		}
	}
	return nil
}

// sendWatermark tells every partition downstream how far this task is, once it has crossed the
// boundary of a pane or its idleness has changed.
func (t *Task) sendWatermark() {
	c := &t.clock
	low := int64(math.MinInt64)
	if c.stream > math.MinInt64+c.grace {
		low = floorPane(c.stream - c.grace)
	}
	held := c.held()
	idle := c.idle && held == topology.Never
	if low = min(low, floorPane(held)); low <= c.sent && idle == c.sentIdle {
		return
	}
	c.sent, c.sentIdle = max(c.sent, low), idle
	w := topology.Watermark{Sub: t.cfg.Sub.ID, Task: int(t.cfg.ID.Partition), Tasks: t.cfg.Tasks, Time: c.sent, Idle: idle, InputOffset: t.inputOffset()}
	o := t.cfg.Outbox
	for i, sink := range t.cfg.Sub.Sinks {
		if sink.Watermarks {
			o.add(Entry{Task: t, Kind: ToSink, Index: i, Partition: EveryPartition, Value: o.copy(topology.AppendWatermark(nil, w)), Time: max(c.sent, 0)})
		}
	}
}

// EveryPartition marks an entry that goes to each partition of its sink.
const EveryPartition = -2

// inputOffset is the position in the first timed source.
func (t *Task) inputOffset() int64 {
	for _, q := range t.queues {
		if q.source.Timed {
			return q.next
		}
	}
	return -1
}

// Commit says that the flushed rows are committed in the log. next gives the changelog offset after
// a store's last record of this transaction, -1 where there was none.
func (t *Task) Commit(next func(store int) int64) {
	for i, table := range t.cfg.Tables {
		table.Commit()
		offset := next(i)
		if topic := t.cfg.Sub.Stores[i].SourceTopic; topic != "" {
			offset = t.NextOffset(topic)
		}
		if offset >= 0 {
			t.ahead[i] = offset
		}
	}
	t.dirty = false
}

// Ahead says that the log has committed rows of the task that the engine does not have.
func (t *Task) Ahead() bool {
	return slices.ContainsFunc(t.ahead, func(offset int64) bool { return offset >= 0 })
}

// Crowded says that such rows fill half of a table's cache.
func (t *Task) Crowded() bool { return slices.ContainsFunc(t.cfg.Tables, (*state.Table).Crowded) }

// Checkpoint moves the rows committed since the last one into the engine, each store in one batch
// with the changelog offset it then contains. Nothing may have been processed since Commit.
func (t *Task) Checkpoint(batch *state.Batch, stores []state.Store) error {
	position := AppendPosition(nil, t.Position())
	for i := range stores {
		if t.ahead[i] < 0 {
			continue
		}
		batch.Reset()
		t.cfg.Tables[i].Checkpoint(batch)
		batch.SetCheckpoint(state.Checkpoint{ChangelogOffset: t.ahead[i], Changelog: t.cfg.Changelogs[i], Position: position})
		if err := stores[i].Apply(batch); err != nil {
			return err
		}
		t.ahead[i] = -1
	}
	return nil
}

// Abort drops from the cache what the engine does not have. The task is not used after it.
func (t *Task) Abort() {
	for _, table := range t.cfg.Tables {
		table.Abort()
	}
}

// changelog is the state.Log of a task.
type changelog struct{ t *Task }

// Append keeps one change of a row until the commit produces it.
func (c changelog) Append(store int, key, value []byte) {
	o := c.t.cfg.Outbox
	o.add(Entry{Task: c.t, Kind: ToChangelog, Index: store, Partition: c.t.cfg.ID.Partition, Key: o.copy(key), Value: o.copy(value), Time: max(c.t.clock.stream, 0)})
}

// discard is the log of a table whose source topic is its changelog.
type discard struct{}

func (discard) Append(int, []byte, []byte) {}
