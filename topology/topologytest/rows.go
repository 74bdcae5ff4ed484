package topologytest

import (
	"fmt"
	"maps"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// Rows are the committed rows of a store over all tasks: what its engine holds, and the changelog
// behind that. Of a key that several tasks have, as in task stores, one remains: use it for stores partitioned by key.
func (d *Driver) Rows(store string) map[string][]byte {
	d.t.Helper()
	rows := map[string][]byte{}
	for _, s := range d.topo.Subs {
		for _, def := range s.Stores {
			if def.Name != store {
				continue
			}
			for p := range d.tasks(s) {
				d.rows(rows, s, def, int32(p))
			}
		}
	}
	return rows
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
