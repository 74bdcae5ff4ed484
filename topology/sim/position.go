package sim

import (
	"fmt"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// positions compares, of each task, the position committed with its state, the offsets of the group and the log.
func (w *world) positions() (found []string) {
	for _, sub := range w.topo.Subs {
		for p := range w.tasks(sub) {
			id := topology.TaskID{Sub: sub.ID, Partition: int32(p)}
			next, err := w.reflected(sub, int32(p))
			if err != nil {
				found = append(found, fmt.Sprintf("task %s: %v", id, err))
				continue
			}
			for _, src := range sub.Sources {
				if fault := w.position(src.Topic, int32(p), next[src.Topic]); fault != "" {
					found = append(found, fmt.Sprintf("task %s: %s", id, fault))
				}
			}
		}
	}
	return found
}

// tasks is the number of tasks of a sub-topology.
func (w *world) tasks(sub *topology.Sub) (n int) {
	for _, src := range sub.Sources {
		n = max(n, len(w.ends[src.Topic]))
	}
	return n
}

// reflected is the next offset of each source as the last row of the position has it.
func (w *world) reflected(sub *topology.Sub, partition int32) (map[string]int64, error) {
	changelog := sub.Changelog(sub.Stores[len(sub.Stores)-1])
	var row []byte
	for _, r := range w.logs[changelog][partition] {
		if string(r.Key) == string(task.PositionKey()) {
			row = r.Value
		}
	}
	next := map[string]int64{}
	if row == nil {
		return next, nil
	}
	p, err := task.ParsePosition(row)
	for _, in := range p.Inputs {
		next[in.Topic] = in.Next
	}
	return next, err
}

// position says what is wrong with that of a task in one source.
func (w *world) position(topic string, partition int32, reflected int64) string {
	last := int64(-1)
	if records := w.logs[topic][partition]; len(records) > 0 {
		last = records[len(records)-1].Offset
	}
	committed, ok := w.offsets.Lookup(topic, partition)
	switch {
	case !ok && last < 0:
		return ""
	case !ok:
		return fmt.Sprintf("nothing of %s/%d is committed, its last record is at %d", topic, partition, last)
	case committed.At != reflected:
		return fmt.Sprintf("%s/%d is committed up to %d, the state reflects it up to %d", topic, partition, committed.At, reflected)
	case committed.At <= last:
		return fmt.Sprintf("%s/%d is committed up to %d and not processed further, its last record is at %d", topic, partition, committed.At, last)
	case committed.At > w.ends[topic][partition]:
		return fmt.Sprintf("%s/%d is committed up to %d, it ends at %d", topic, partition, committed.At, w.ends[topic][partition])
	}
	return ""
}
