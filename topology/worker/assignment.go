package worker

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/topology"
)

// assignment is what the leader sends to the members: their partitions, and to one member of each process the standbys
// that the process is to keep.
type assignment struct {
	*kgo.BalancePlan
	copies map[string]standing // by member id
}

// IntoSyncAssignment is the plan with the standbys as user data.
func (a *assignment) IntoSyncAssignment() []kmsg.SyncGroupRequestGroupAssignment {
	synced := a.BalancePlan.IntoSyncAssignment()
	for i := range synced {
		var m kmsg.ConsumerMemberAssignment
		if copies := a.copies[synced[i].MemberID]; len(copies) > 0 && m.ReadFrom(synced[i].MemberAssignment) == nil {
			m.UserData = appendStanding(nil, copies)
			synced[i].MemberAssignment = m.AppendTo(nil)
		}
	}
	return synced
}

// parseAssignment reads what a member is sent.
func parseAssignment(data []byte) (owned map[string][]int32, copies standing, err error) {
	if owned, err = kgo.ParseConsumerSyncAssignment(data); err != nil {
		return nil, nil, err
	}
	var m kmsg.ConsumerMemberAssignment
	if err := m.ReadFrom(data); err != nil {
		return nil, nil, err
	}
	return owned, parseStanding(m.UserData), nil
}

// standingVersion is the version of the user data of an assignment.
const standingVersion = 1

// appendStanding appends the encoding, version 1: 1 | number of standbys | then for each sub-topology, partition, 1 if a
// task is to move once it is near, else 0. Numbers are uvarints.
func appendStanding(dst []byte, copies standing) []byte {
	dst = binary.AppendUvarint(append(dst, standingVersion), uint64(len(copies)))
	for _, id := range slices.SortedFunc(maps.Keys(copies), byTask) {
		dst = binary.AppendUvarint(dst, uint64(id.Sub))
		dst = binary.AppendUvarint(dst, uint64(id.Partition))
		if copies[id] {
			dst = append(dst, 1)
		} else {
			dst = append(dst, 0)
		}
	}
	return dst
}

// parseStanding reads the standbys of an assignment: none where the leader is of a program that says nothing of them, or
// says it in a version not known here.
func parseStanding(data []byte) standing {
	if len(data) == 0 || data[0] != standingVersion {
		return nil
	}
	var numbers []uint64
	for data = data[1:]; len(data) > 0; {
		n, width := binary.Uvarint(data)
		if width <= 0 {
			return nil
		}
		numbers, data = append(numbers, n), data[width:]
	}
	if len(numbers) == 0 || len(numbers)%3 != 1 || numbers[0] != uint64(len(numbers)/3) {
		return nil
	}
	copies := standing{}
	for next := numbers[1:]; len(next) > 0; next = next[3:] {
		copies[topology.TaskID{Sub: int(next[0]), Partition: int32(next[1])}] = next[2] == 1
	}
	return copies
}

func byTask(a, b topology.TaskID) int {
	return cmp.Or(cmp.Compare(a.Sub, b.Sub), cmp.Compare(a.Partition, b.Partition))
}
