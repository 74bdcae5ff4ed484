package worker

import (
	"slices"

	"github.com/abacus-stream/abacus/topology"
)

// standing are the standbys that a process is to keep. True: a task is to move once that copy is near.
type standing map[topology.TaskID]bool

// placing says where the copies of tasks go, after a deal. In this order:
//
//   - a task that would go elsewhere, were its state there near, gets a copy there to warm;
//   - n standbys of each task go to other processes than its own: to another rack, then no more than a fair part to each,
//     then to who has most of its state;
//   - one that is near goes away only once the one that is to follow it is near too.
type placing struct {
	deal    *deal
	n       int
	load    []int      // tasks and copies, by process
	fair    int        // of them, for a process
	copies  []standing // by process
	warming [][]int    // process that is to have the task, by sub-topology and partition; -1: it has it
}

// place says what copies each process keeps.
func (d *deal) place(standbys int) *placing {
	p := &placing{deal: d, n: standbys, load: make([]int, len(d.members)), copies: make([]standing, len(d.members)), warming: d.aim()}
	tasks, processes := 0, 0
	for _, of := range d.tasks {
		tasks += len(of)
	}
	for i, at := range d.process {
		if at == i {
			p.copies[i] = standing{}
			processes++
		}
		p.load[at] += d.total[i]
	}
	p.fair = (tasks*(1+standbys) + processes - 1) / processes
	d.each(p.warm)
	d.each(p.stand)
	return p
}

// aim goes on levelling as if all state were near, and takes it back: it gives the processes that tasks would go to.
func (d *deal) aim() (aims [][]int) {
	var before [][]dealt
	for _, tasks := range d.tasks {
		before = append(before, slices.Clone(tasks))
	}
	d.aims = true
	for d.level() {
	}
	d.aims = false
	for sub, tasks := range d.tasks {
		aims = append(aims, make([]int, len(tasks)))
		for p := range tasks {
			aims[sub][p] = -1
			now, then := d.process[tasks[p].to], before[sub][p].to
			if now != d.process[then] {
				aims[sub][p] = now
			}
			d.give(topology.TaskID{Sub: sub, Partition: int32(p)}, then)
		}
	}
	return aims
}

// warm gives the copies that have to be: of who waits for a task, be it to come near or for its owner to let go.
func (p *placing) warm(d *deal, id topology.TaskID) {
	t := d.task(id)
	if to := d.process[t.to]; t.owner >= 0 && to != d.process[t.owner] {
		if d.members[to].stands {
			p.copies[to][id] = false // of the load it is counted in already
		}
	} else if to := p.warming[id.Sub][id.Partition]; to >= 0 && p.mayStand(id, to) {
		p.give(id, to, true)
	}
}

func (p *placing) give(id topology.TaskID, process int, awaited bool) {
	if _, has := p.copies[process][id]; !has {
		p.load[process]++
	}
	p.copies[process][id] = awaited || p.copies[process][id]
}

// stand gives a task its standbys. Of those that are near and not among them as many stay as are yet to come near.
func (p *placing) stand(d *deal, id topology.TaskID) {
	racks := []string{d.members[d.task(id).to].rack}
	var chosen []int
	for len(chosen) < p.n {
		best := p.best(id, chosen, racks)
		if best < 0 {
			break
		}
		chosen, racks = append(chosen, best), append(racks, d.members[best].rack)
	}
	for to, stay := 0, p.relieved(id, chosen); to < len(chosen); to++ {
		near := d.near[id.Sub][id.Partition][chosen[to]]
		p.give(id, chosen[to], !near && len(stay) > 0)
		if !near && len(stay) > 0 {
			p.give(id, stay[0], false)
			stay = stay[1:]
		}
	}
}

// best is the process for the next standby of a task, -1 when none is left.
func (p *placing) best(id topology.TaskID, chosen []int, racks []string) int {
	best, rank := -1, [4]int64{}
	for to := range p.copies {
		if !p.mayStand(id, to) || slices.Contains(chosen, to) {
			continue
		}
		is := [4]int64{0, 0, -p.deal.reach(id, to), int64(p.load[to])}
		if rack := p.deal.members[to].rack; rack != "" && slices.Contains(racks, rack) {
			is[0] = 1
		}
		if _, has := p.copies[to][id]; !has && p.load[to] >= p.fair {
			is[1] = 1
		}
		if best < 0 || slices.Compare(is[:], rank[:]) < 0 {
			best, rank = to, is
		}
	}
	return best
}

// relieved are the processes that have a copy that is near and are not among the chosen.
func (p *placing) relieved(id topology.TaskID, chosen []int) (processes []int) {
	for to := range p.copies {
		if p.mayStand(id, to) && !slices.Contains(chosen, to) && p.deal.reach(id, to) > 0 && p.deal.near[id.Sub][id.Partition][to] {
			processes = append(processes, to)
		}
	}
	return processes
}

// mayStand says whether a process may keep a copy of a task. Invariant (apart): no copy lies beside the task, nor beside
// an owner that has yet to let go of it: what ends the one would end the other.
func (p *placing) mayStand(id topology.TaskID, process int) bool {
	d, t := p.deal, p.deal.task(id)
	return d.process[process] == process && d.members[process].stands && process != d.process[t.to] &&
		(t.owner < 0 || process != d.process[t.owner])
}
