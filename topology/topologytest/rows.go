package topologytest

import (
	"fmt"
	"maps"
	"math"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// Rows are the committed rows of a store over all tasks, by the keys and values that worker.App.Store shows. Of a key that
// several tasks have one remains. A store that the topology does not have fails the test.
func (d *Driver) Rows(store string) map[string][]byte {
	d.t.Helper()
	all := map[string][]byte{}
	d.eachTask(store, func(s *topology.Sub, def topology.Store, partition int32) {
		rows := map[string][]byte{}
		d.rows(rows, s, def, partition)
		d.check(def.Read().Scan(d.view(rows, s, partition), everything, func(_ []byte, row state.Shown) bool {
			if row.Key != nil {
				all[string(row.Key)] = clone(row.Value)
			}
			return true
		}))
	})
	return all
}

var everything = state.Bounds{Since: math.MinInt64, Until: math.MaxInt64}

// view reads rows of a task as of its last commit.
func (d *Driver) view(rows map[string][]byte, s *topology.Sub, partition int32) *state.View {
	store, batch := memory.New().Store(""), &state.Batch{}
	for key, value := range rows {
		batch.Put([]byte(key), value)
	}
	d.check(store.Apply(batch))
	own := map[string][]byte{}
	d.rows(own, s, s.Stores[len(s.Stores)-1], partition)
	at := task.Position{StreamTime: math.MinInt64}
	if row, ok := own[string(task.PositionKey())]; ok {
		var err error
		at, err = task.ParsePosition(row)
		d.check(err)
	}
	return state.NewTable("", 0, store, 0).View(at.StreamTime)
}

// RawRows are the rows of a store as its operator keeps them: what the engine holds, and the changelog behind that.
func (d *Driver) RawRows(store string) map[string][]byte {
	d.t.Helper()
	rows := map[string][]byte{}
	d.eachTask(store, func(s *topology.Sub, def topology.Store, partition int32) { d.rows(rows, s, def, partition) })
	return rows
}

// eachTask visits the tasks that have a store. Those of the engine's own rows are stores too.
func (d *Driver) eachTask(store string, visit func(s *topology.Sub, def topology.Store, partition int32)) {
	d.t.Helper()
	all := map[string]bool{}
	for _, s := range d.topo.Subs {
		for _, def := range s.Stores {
			if all[def.Name] = true; def.Name != store {
				continue
			}
			for p := range d.tasks(s) {
				visit(s, def, int32(p))
			}
		}
	}
	if !all[store] {
		d.t.Fatalf("the topology has no store %q, only %s", store, names(maps.Keys(all)))
	}
}

// rows adds those of one task.
func (d *Driver) rows(rows map[string][]byte, s *topology.Sub, def topology.Store, partition int32) {
	id := topology.TaskID{Sub: s.ID, Partition: partition}
	store := d.turn(id).home.disk.Store(storeName(id, def.Name))
	own := map[string][]byte{}
	take := func(key, value []byte) {
		below, trimmed := state.Trimmed(key, value)
		switch {
		case trimmed:
			maps.DeleteFunc(own, func(key string, _ []byte) bool { return key < string(below) })
		case value == nil:
			delete(own, string(key))
		default:
			own[string(key)] = clone(value)
		}
	}
	d.check(store.Scan(nil, nil, func(key, value []byte) bool {
		take(key, value)
		return true
	}))
	_, err := d.tail(s, def, store, partition, take)
	d.check(err)
	maps.Copy(rows, own)
}

// storeName is the place of a task's store on the disk.
func storeName(id topology.TaskID, store string) string { return fmt.Sprintf("%s/%s", id, store) }

// Topology is what the driver runs.
func (d *Driver) Topology() *topology.Topology { return d.topo }
