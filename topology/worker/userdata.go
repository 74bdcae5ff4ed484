package worker

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/abacus-stream/abacus/topology"
)

// userData is what a member tells the leader of the group beside the partitions it has.
type userData struct {
	process string                    // instance id
	local   map[topology.TaskID]int64 // changelog offsets that the state in the process contains, by task, summed over its stores
}

const userDataVersion = 1

// appendUserData appends the encoding, version 1: 1 | process length, process | number of tasks |
// then for each sub-topology, partition, offset. Numbers are uvarints.
func appendUserData(dst []byte, u userData) []byte {
	dst = binary.AppendUvarint(append(dst, userDataVersion), uint64(len(u.process)))
	dst = binary.AppendUvarint(append(dst, u.process...), uint64(len(u.local)))
	byTask := func(a, b topology.TaskID) int {
		return cmp.Or(cmp.Compare(a.Sub, b.Sub), cmp.Compare(a.Partition, b.Partition))
	}
	for _, id := range slices.SortedFunc(maps.Keys(u.local), byTask) {
		for _, n := range []uint64{uint64(id.Sub), uint64(id.Partition), uint64(u.local[id])} {
			dst = binary.AppendUvarint(dst, n)
		}
	}
	return dst
}

// parseUserData reads what a member says. It is about preferences alone: of a member that says
// nothing, or speaks a version not known here, nothing is known, and it gets tasks all the same.
func parseUserData(data []byte) userData {
	nothing := userData{}
	if len(data) == 0 || data[0] != userDataVersion {
		return nothing
	}
	data = data[1:]
	number := func() (n uint64, ok bool) {
		n, width := binary.Uvarint(data)
		if width <= 0 {
			return 0, false
		}
		data = data[width:]
		return n, true
	}
	length, ok := number()
	if !ok || length > uint64(len(data)) {
		return nothing
	}
	u := userData{process: string(data[:length]), local: map[topology.TaskID]int64{}}
	data = data[length:]
	tasks, ok := number()
	for range tasks {
		sub, ok1 := number()
		partition, ok2 := number()
		offset, ok3 := number()
		if !ok1 || !ok2 || !ok3 {
			return nothing
		}
		u.local[topology.TaskID{Sub: int(sub), Partition: int32(partition)}] = int64(offset)
	}
	if !ok || len(data) > 0 {
		return nothing
	}
	return u
}

// local says how far the state in this process reaches, of tasks that it has now or has had.
func (a *App) local() map[topology.TaskID]int64 {
	found := map[topology.TaskID]int64{}
	for _, sub := range a.topo.Subs {
		for p := range a.topics.partitions[sub.Sources[0].Topic] {
			id := topology.TaskID{Sub: sub.ID, Partition: int32(p)}
			for _, def := range sub.Stores {
				checkpoint, ok, err := a.engine.open(a.storeName(id, def), def.Memory).Checkpoint()
				if ok && err == nil && checkpoint.Changelog == a.topics.ids[sub.Changelog(def)] {
					found[id] += checkpoint.ChangelogOffset
				}
			}
		}
	}
	return found
}
