package topologytest

import (
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// tasks is the number of tasks of a sub-topology.
func (d *Driver) tasks(s *topology.Sub) int {
	n := 0
	for _, src := range s.Sources {
		n = max(n, len(d.topic(src.Topic).partitions))
	}
	return n
}

// open restores a task and builds it.
func (d *Driver) open(w *worker, s *topology.Sub, partition int32) *running {
	id := topology.TaskID{Sub: s.ID, Partition: partition}
	r := &running{}
	for i, def := range s.Stores {
		store := w.home.disk.Store(storeName(id, def.Name))
		table := state.NewTable(def.Name, i, store, d.cfg.CacheBytes)
		d.check(d.restore(s, def, table, partition))
		r.stores, r.tables = append(r.stores, store), append(r.tables, table)
	}
	t, err := task.New(task.Config{
		Sub: s, ID: id, Tasks: d.tasks(s), Tables: r.tables, Outbox: w.outbox,
		MaxAhead: d.cfg.MaxAhead.Milliseconds(), IdleAfter: d.cfg.IdleAfter.Milliseconds(),
	})
	d.check(err)
	r.task = t
	for i, src := range s.Sources {
		at := d.committed[place(src.Topic, partition)]
		if next := t.Next(i); next >= 0 && next != at {
			d.t.Fatalf("task %s: state reflects %s up to %d, committed is %d", id, src.Topic, next, at)
		}
		t.Begin(i, at)
		r.fetched = append(r.fetched, at)
	}
	r.globals = make([]int64, len(d.topo.Globals))
	return r
}

// restore replays the tail of a changelog into a table.
func (d *Driver) restore(s *topology.Sub, def topology.Store, table *state.Table, partition int32) error {
	var batch state.Batch
	checkpoint, err := d.tail(s, def, table.Store(), partition, func(key, value []byte) { table.Restore(&batch, key, value) })
	if err != nil {
		return err
	}
	batch.SetCheckpoint(checkpoint)
	return table.Store().Apply(&batch)
}

// tail visits the committed changes that a store does not contain and gives its checkpoint with them.
func (d *Driver) tail(s *topology.Sub, def topology.Store, store state.Store, partition int32, visit func(key, value []byte)) (state.Checkpoint, error) {
	name := s.Changelog(def)
	checkpoint, _, err := store.Checkpoint()
	if err != nil {
		return checkpoint, err
	}
	log := d.topic(name).partitions[partition]
	end := int64(len(log))
	if def.SourceTopic != "" {
		end = d.committed[place(name, partition)]
	}
	for _, rec := range log[min(checkpoint.ChangelogOffset, end):end] {
		if !rec.marker && !(def.SourceTopic != "" && rec.Key == nil) {
			visit(rec.Key, rec.Value)
		}
	}
	checkpoint.ChangelogOffset = end
	return checkpoint, nil
}
