package topologytest

import (
	"fmt"

	"github.com/abacus-stream/abacus/topology"
)

// Rows are the committed rows of a store over all tasks, as its engine holds them. Of a key that
// several tasks have, as in task stores, one remains: use it for stores partitioned by key.
func (d *Driver) Rows(store string) map[string][]byte {
	d.t.Helper()
	rows := map[string][]byte{}
	for _, s := range d.topo.Subs {
		for _, def := range s.Stores {
			if def.Name != store {
				continue
			}
			for p := range d.tasks(s) {
				d.check(d.disk.Store(storeName(topology.TaskID{Sub: s.ID, Partition: int32(p)}, store)).Scan(nil, nil, func(key, value []byte) bool {
					rows[string(key)] = clone(value)
					return true
				}))
			}
		}
	}
	return rows
}

// storeName is the place of a task's store on the disk.
func storeName(id topology.TaskID, store string) string { return fmt.Sprintf("%s/%s", id, store) }

// Topology is what the driver runs.
func (d *Driver) Topology() *topology.Topology { return d.topo }
