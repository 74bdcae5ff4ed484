package sim

import (
	"bytes"
	"fmt"
	"maps"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/worker"
)

// disks compares what each instance has kept of each store with the changelog, up to the offset that
// the store says it contains: at the end, and at each moment in which it was killed. It may lie
// behind, as the task has gone to another instance since; it may not hold another row.
func (w *world) disks() (found []string) {
	for _, i := range w.instances {
		for n, disk := range append(i.left, i.disk()) {
			for _, fault := range w.disk(disk) {
				found = append(found, fmt.Sprintf("instance %s, its disk of %d of %d: %s", i.name, n+1, len(i.left)+1, fault))
			}
		}
	}
	return found
}

func (w *world) disk(disk *memory.DB) (found []string) {
	for _, sub := range w.topo.Subs {
		for p := range w.tasks(sub) {
			id := topology.TaskID{Sub: sub.ID, Partition: int32(p)}
			for _, def := range sub.Stores {
				store := disk.Store(worker.StoreName(w.topo.App, id, def))
				if fault := kept(store, w.logs[sub.Changelog(def)][int32(p)]); fault != "" {
					found = append(found, fmt.Sprintf("store %s of task %s: %s", def.Name, id, fault))
				}
			}
		}
	}
	return found
}

// kept says what is wrong with a store beside its changelog.
func kept(store state.Store, changelog []*kgo.Record) string {
	at, ok, err := store.Checkpoint()
	if err != nil || !ok {
		return text(err)
	}
	want := map[string][]byte{}
	for _, r := range changelog {
		if r.Offset < at.ChangelogOffset {
			put(want, r.Key, r.Value)
		}
	}
	fault := ""
	err = store.Scan(nil, nil, func(key, value []byte) bool {
		if row, ok := want[string(key)]; !ok {
			fault = fmt.Sprintf("row %q is not in the changelog up to offset %d", key, at.ChangelogOffset)
		} else if !bytes.Equal(row, value) {
			fault = fmt.Sprintf("row %q is %x, in the changelog up to offset %d it is %x", key, value, at.ChangelogOffset, row)
		}
		delete(want, string(key))
		return fault == ""
	})
	if err != nil {
		return text(err)
	}
	for key := range want {
		if fault == "" {
			fault = fmt.Sprintf("row %q of the changelog up to offset %d is missing", key, at.ChangelogOffset)
		}
	}
	return fault
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// put adds a record to the rows of a changelog.
func put(rows map[string][]byte, key, value []byte) {
	if below, trim := state.Trimmed(key, value); trim {
		maps.DeleteFunc(rows, func(key string, _ []byte) bool { return key < string(below) })
	}
	if value == nil {
		delete(rows, string(key))
	} else {
		rows[string(key)] = value
	}
}
