package worker

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/abacus-stream/abacus/topology"
)

// userData is what a member tells the leader of the group beside the partitions it has.
type userData struct {
	version byte                      // of the program that said it; 0: it said nothing
	process string                    // instance id
	address string                    // where its stores are served, host:port; empty: nowhere
	rack    string                    // where its process runs; empty: not known
	local   map[topology.TaskID]int64 // changelog offsets that the state in the process contains, by task, summed over its stores
}

// userDataVersion is the newest version; who writes it keeps standbys.
const userDataVersion = 3

// appendUserData appends the encoding, version 3: 3 | process length, process | address length, address |
// rack length, rack | number of tasks | then for each sub-topology, partition, offset. Numbers are uvarints.
// Version 2 has no rack, version 1 no address either.
func appendUserData(dst []byte, u userData) []byte {
	dst = append(dst, userDataVersion)
	for _, text := range []string{u.process, u.address, u.rack} {
		dst = append(binary.AppendUvarint(dst, uint64(len(text))), text...)
	}
	dst = binary.AppendUvarint(dst, uint64(len(u.local)))
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
	if len(data) == 0 || data[0] < 1 || data[0] > userDataVersion {
		return nothing
	}
	version, data := data[0], data[1:]
	number := func() (n uint64, ok bool) {
		n, width := binary.Uvarint(data)
		if width <= 0 {
			return 0, false
		}
		data = data[width:]
		return n, true
	}
	valid := true
	text := func() string {
		length, ok := number()
		if !ok || length > uint64(len(data)) {
			valid = false
			return ""
		}
		s := string(data[:length])
		data = data[length:]
		return s
	}
	u := userData{version: version, process: text(), local: map[topology.TaskID]int64{}}
	if version >= 2 {
		u.address = text()
	}
	if version >= 3 {
		u.rack = text()
	}
	tasks, ok := number()
	if !valid || !ok {
		return nothing
	}
	for range tasks {
		sub, ok1 := number()
		partition, ok2 := number()
		offset, ok3 := number()
		if !ok1 || !ok2 || !ok3 {
			return nothing
		}
		u.local[topology.TaskID{Sub: int(sub), Partition: int32(partition)}] = int64(offset)
	}
	if len(data) > 0 {
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
