package worker

import (
	"slices"

	"github.com/abacus-stream/abacus/topology"
)

// member is one member of the group as a deal sees it.
type member struct {
	process    string                    // its workers share local state; empty: not known
	generation int32                     // of the group, when it made its claims
	claims     map[topology.TaskID]bool  // tasks of which it has a partition; true: all of them
	local      map[topology.TaskID]int64 // how far the state of its process reaches in their changelogs
	rack       string                    // of its process; empty: not known
	stands     bool                      // its process keeps standbys: it is of a version that does
}

// deal deals out the tasks of all sub-topologies to the members of the group. It is a function of
// what the members say, the same on any of them. In this order:
//
//   - a task stays with its owner; one without goes to who has its state, else to who has least;
//   - the tasks of each sub-topology are level over the members, then over the processes, and all
//     tasks together over the members: of what must move for that, the ownerless goes first, then
//     what the receiver has state of;
//   - but a task goes only to where its state is near, unless no state of it is known.
type deal struct {
	members []member
	process []int      // of each member
	tasks   [][]dealt  // by sub-topology and partition
	count   [][]int    // of tasks, by sub-topology and member
	shares  [][]int    // of tasks, by sub-topology and process
	total   []int      // of tasks, by member
	near    [][][]bool // by sub-topology, partition and process: its state lacks no more than is acceptable
	aims    bool       // where tasks would go if all state were near
}

// dealt is one task of a deal, its members by index; -1 is nobody.
type dealt struct{ owner, to int }

// newDeal deals out as many tasks as sizes gives for each sub-topology; there is a member. Lag is how many offsets state
// that is near may lack.
func newDeal(sizes []int32, members []member, lag int64) *deal {
	d := &deal{members: members, total: make([]int, len(members))}
	known := map[string]int{}
	for i, m := range members {
		at, ok := known[m.process]
		if !ok || m.process == "" {
			at = i
			known[m.process] = i
		}
		d.process = append(d.process, at)
	}
	for _, n := range sizes {
		d.tasks = append(d.tasks, slices.Repeat([]dealt{{-1, -1}}, int(n)))
		d.count = append(d.count, make([]int, len(members)))
		d.shares = append(d.shares, make([]int, len(members)))
	}
	d.near = nearness(d, lag)
	d.each((*deal).keep)
	d.each((*deal).bringBack)
	d.each((*deal).spread)
	for d.level() {
	}
	return d
}

// nearness compares the states of each task: what counts is how much less one is than the one that reaches farthest. All
// are near that are of programs which cannot come nearer.
func nearness(d *deal, lag int64) (near [][][]bool) {
	for sub, tasks := range d.tasks {
		near = append(near, make([][]bool, len(tasks)))
		for p := range tasks {
			id := topology.TaskID{Sub: sub, Partition: int32(p)}
			reach, farthest := make([]int64, len(d.members)), int64(0) // by process
			for i, m := range d.members {
				at := d.process[i]
				reach[at] = max(reach[at], m.local[id])
				farthest = max(farthest, reach[at])
			}
			near[sub][p] = make([]bool, len(d.members))
			for at := range reach {
				near[sub][p][at] = !d.members[at].stands || farthest-reach[at] <= lag
			}
		}
	}
	return near
}

// reach is how far the state of a process reaches in the changelogs of a task.
func (d *deal) reach(id topology.TaskID, process int) (offsets int64) {
	for i, m := range d.members {
		if d.process[i] == process {
			offsets = max(offsets, m.local[id])
		}
	}
	return offsets
}

// isNear says whether a task may go to a member for its state: also where its owner is.
func (d *deal) isNear(id topology.TaskID, m int) bool {
	t := d.task(id)
	return d.aims || d.near[id.Sub][id.Partition][d.process[m]] || t.owner >= 0 && d.process[t.owner] == d.process[m]
}

// each takes the tasks in order.
func (d *deal) each(do func(d *deal, id topology.TaskID)) {
	for sub, tasks := range d.tasks {
		for p := range tasks {
			do(d, topology.TaskID{Sub: sub, Partition: int32(p)})
		}
	}
}

func (d *deal) task(id topology.TaskID) *dealt { return &d.tasks[id.Sub][id.Partition] }

func (d *deal) give(id topology.TaskID, m int) {
	t := d.task(id)
	for _, change := range []struct{ member, by int }{{t.to, -1}, {m, 1}} {
		if change.member >= 0 {
			d.count[id.Sub][change.member] += change.by
			d.shares[id.Sub][d.process[change.member]] += change.by
			d.total[change.member] += change.by
		}
	}
	t.to = m
}

// keep leaves a task with its owner: of several that claim it the one of the highest generation,
// as the others have missed that it was taken from them.
func (d *deal) keep(id topology.TaskID) {
	owner, best := -1, [2]int{}
	for i, m := range d.members {
		whole, claimed := m.claims[id]
		rank := [2]int{int(m.generation), 0}
		if whole {
			rank[1] = 1
		}
		if claimed && (owner < 0 || slices.Compare(rank[:], best[:]) > 0) {
			owner, best = i, rank
		}
	}
	if owner >= 0 {
		d.task(id).owner = owner
		d.give(id, owner)
	}
}

// bringBack gives an ownerless task to the process whose state of it reaches farthest, as long as
// that takes no more than a fair part.
func (d *deal) bringBack(id topology.TaskID) {
	fair := (len(d.tasks[id.Sub]) + len(d.members) - 1) / len(d.members)
	to := -1
	for m := range d.members {
		reach := d.members[m].local[id]
		if reach == 0 || d.count[id.Sub][m] >= fair || !d.isNear(id, m) {
			continue
		}
		if to < 0 || reach > d.members[to].local[id] || reach == d.members[to].local[id] && d.lighter(id, m, to) {
			to = m
		}
	}
	if d.task(id).to < 0 && to >= 0 {
		d.give(id, to)
	}
}

// spread gives a task that is still nobody's to the member that has least, of those whose state is near.
func (d *deal) spread(id topology.TaskID) {
	if d.task(id).to >= 0 {
		return
	}
	to := -1
	for m := range d.members {
		if d.isNear(id, m) && (to < 0 || d.lighter(id, m, to)) {
			to = m
		}
	}
	d.give(id, to)
}

// lighter says whether one member has less than another where a task is to go.
func (d *deal) lighter(id topology.TaskID, one, other int) bool {
	a, b := d.load(id, one), d.load(id, other)
	return slices.Compare(a[:], b[:]) < 0
}

// load is what a member has, in the order of what is to be level.
func (d *deal) load(id topology.TaskID, m int) [3]int {
	return [3]int{d.count[id.Sub][m], d.shares[id.Sub][d.process[m]], d.total[m]}
}

// level moves one task from a member to another that has less, and says whether there was one. Each
// move lowers the squares of the loads in their order, so it comes to an end.
func (d *deal) level() bool {
	var move topology.TaskID
	to, best := -1, [5]int64{}
	d.each(func(d *deal, id topology.TaskID) {
		for m := range d.members {
			if rank, ok := d.rank(id, m); ok && d.isNear(id, m) && (to < 0 || slices.Compare(rank[:], best[:]) > 0) {
				move, to, best = id, m, rank
			}
		}
	})
	if to >= 0 {
		d.give(move, to)
	}
	return to >= 0
}

// rank says how good a move of a task to a member is, and whether it levels anything.
func (d *deal) rank(id topology.TaskID, m int) (rank [5]int64, levels bool) {
	t := d.task(id)
	from, to := d.load(id, t.to), d.load(id, m)
	if d.process[t.to] == d.process[m] {
		to[1] = from[1] - 1 // its process keeps the task
	}
	if t.owner != t.to && !d.aims {
		rank[0] = 1
	}
	for i := range from {
		rank[1+i] = int64(from[i] - to[i] - 1)
	}
	rank[4] = d.members[m].local[id]
	return rank, t.to != m && slices.Compare(rank[1:4], []int64{0, 0, 0}) > 0
}

// granted says whether a task may go now to whom it is dealt: not before everybody else has let go
// of all of it. Only a stale claim counts for nothing against its owner's.
func (d *deal) granted(id topology.TaskID) bool {
	t := d.task(id)
	if t.to == t.owner && d.members[t.to].claims[id] {
		return true
	}
	for m := range d.members {
		if _, claimed := d.members[m].claims[id]; claimed && m != t.to {
			return false
		}
	}
	return true
}
