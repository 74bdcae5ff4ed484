package worker

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/topology"
)

func none() map[topology.TaskID]int64 { return nil }

func at(sub, partition int) topology.TaskID {
	return topology.TaskID{Sub: sub, Partition: int32(partition)}
}

// group plays the members of a group that join again and again, as a coordinator has them do.
type group struct {
	t          require.TestingT
	sizes      []int32
	members    []*member // claims are what each holds
	generation int32
	lag        int64 // acceptable
	born       int
}

func (g *group) join(process string) *member {
	m := &member{process: process, claims: map[topology.TaskID]bool{}, local: map[topology.TaskID]int64{}}
	for _, other := range g.members {
		if other.process == process {
			m.local = other.local
		}
	}
	g.members = append(g.members, m)
	return m
}

func (g *group) leave(m *member) {
	g.members = slices.DeleteFunc(g.members, func(o *member) bool { return o == m })
}

// deal is what the leader makes of the present claims.
func (g *group) deal() *deal {
	members := make([]member, len(g.members))
	for i, m := range g.members {
		members[i] = *m
	}
	return newDeal(g.sizes, members, g.lag)
}

// rebalance has all join until nothing moves, and says how many tasks left an owner that stays.
func (g *group) rebalance() (moved int) {
	for round := 0; ; round++ {
		require.Less(g.t, round, 3, "no rest after a round to let go and one to hand on")
		before := g.held()
		d := g.deal()
		g.generation++
		after := make([]map[topology.TaskID]bool, len(g.members))
		for i := range after {
			after[i] = map[topology.TaskID]bool{}
		}
		withheld := 0
		d.each(func(d *deal, id topology.TaskID) {
			t := d.task(id)
			require.GreaterOrEqual(g.t, t.to, 0, "task %s is nobody's", id)
			if t.owner >= 0 && t.to != t.owner {
				moved++
			}
			if !d.granted(id) {
				withheld++
				return
			}
			if owner, held := before[id]; held {
				require.Equal(g.t, owner, t.to, "task %s is handed on before its owner has let go", id)
			}
			after[t.to][id] = true
		})
		for i, m := range g.members {
			m.claims, m.generation = after[i], g.generation
			for id := range after[i] {
				m.local[id]++
			}
		}
		if withheld == 0 {
			return moved
		}
	}
}

// held is who holds each task.
func (g *group) held() map[topology.TaskID]int {
	held := map[topology.TaskID]int{}
	for i, m := range g.members {
		for id := range m.claims {
			other, twice := held[id]
			require.False(g.t, twice, "task %s is held by %d and %d", id, other, i)
			held[id] = i
		}
	}
	return held
}

// counts are the tasks of each member: of one sub-topology, of all where it is -1.
func (g *group) counts(sub int) (counts []int) {
	for _, m := range g.members {
		n := 0
		for id := range m.claims {
			if sub < 0 || id.Sub == sub {
				n++
			}
		}
		counts = append(counts, n)
	}
	return counts
}

func apart(counts []int) int { return slices.Max(counts) - slices.Min(counts) }

// Members come, go and rejoin; whatever happens, the tasks are level to within one and all held.
func TestADealIsLevel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := &group{t: rt, sizes: rapid.SliceOfN(rapid.Int32Range(1, 12), 1, 3).Draw(rt, "sizes")}
		workers := rapid.IntRange(1, 3).Draw(rt, "workers of a process")
		for range rapid.IntRange(1, 8).Draw(rt, "events") {
			if len(g.members) > workers && rapid.Bool().Draw(rt, "a process leaves") {
				gone := rapid.SampledFrom(g.members).Draw(rt, "which").process
				g.members = slices.DeleteFunc(g.members, func(m *member) bool { return m.process == gone })
			} else {
				g.born++
				for range workers {
					g.join(fmt.Sprint(g.born))
				}
			}
			g.rebalance()
			require.Zero(rt, g.rebalance(), "a task moves though nothing has changed")
			g.isLevel(rt, workers)
		}
	})
}

func (g *group) isLevel(t require.TestingT, workers int) {
	held := 0
	for sub, n := range g.sizes {
		require.LessOrEqual(t, apart(g.counts(sub)), 1, "tasks of sub-topology %d", sub)
		byProcess := map[string]int{}
		for i, count := range g.counts(sub) {
			byProcess[g.members[i].process] += count
		}
		require.LessOrEqual(t, apart(slices.Collect(maps.Values(byProcess))), 1, "tasks of sub-topology %d by process", sub)
		held += int(n)
	}
	require.Len(t, g.held(), held)
	if workers == 1 {
		require.LessOrEqual(t, apart(g.counts(-1)), 1, "all tasks")
	}
}

// No more tasks move than the balance demands: none when a member leaves, and a fair part when one joins.
func TestADealIsSticky(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := &group{t: rt, sizes: []int32{rapid.Int32Range(1, 40).Draw(rt, "tasks")}}
		for range rapid.IntRange(1, 10).Draw(rt, "events") {
			if len(g.members) > 1 && rapid.Bool().Draw(rt, "leaves") {
				g.leave(rapid.SampledFrom(g.members).Draw(rt, "which"))
				require.Zero(rt, g.rebalance(), "a task was taken from a member that stays")
				continue
			}
			least := must(g.counts(0), int(g.sizes[0]), len(g.members)+1)
			g.born++
			g.join(fmt.Sprint(g.born))
			require.Equal(rt, least, g.rebalance())
		}
	})
}

// must is how many tasks have to move from members that hold these counts when they become n.
func must(counts []int, tasks, n int) (moves int) {
	slices.SortFunc(counts, func(a, b int) int { return b - a })
	for i, have := range counts {
		fair := tasks / n
		if i < tasks%n {
			fair++
		}
		moves += max(0, have-fair)
	}
	return moves
}

func TestADealIsTheSameOnAnyMember(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := &group{t: rt, sizes: []int32{7, 7, 3}}
		for i := range rapid.IntRange(1, 6).Draw(rt, "members") {
			m := g.join(fmt.Sprint(i / 2))
			for range rapid.IntRange(0, 5).Draw(rt, "claims") {
				id := at(rapid.IntRange(0, 1).Draw(rt, "sub"), rapid.IntRange(0, 6).Draw(rt, "partition"))
				m.claims[id], m.local[id] = rapid.Bool().Draw(rt, "whole"), rapid.Int64Range(0, 9).Draw(rt, "reach")
			}
		}
		require.Equal(rt, g.deal().tasks, g.deal().tasks)
	})
}

// A killed instance that comes back after others took over gets its own tasks again: their state is
// there but for the tail. One that is back before is given them as they are free.
func TestARestartedInstanceGetsItsTasksBack(t *testing.T) {
	for _, back := range []string{"after the takeover", "before it"} {
		t.Run(back, func(t *testing.T) {
			g := &group{t: t, sizes: []int32{8, 8}}
			for _, process := range []string{"a", "b", "c"} {
				g.join(process)
				g.rebalance()
			}
			dies := g.members[1]
			had := dies.claims
			g.leave(dies)
			if back == "after the takeover" {
				g.rebalance()
			}
			again := g.join("b")
			again.local = dies.local
			g.rebalance()
			require.Equal(t, had, again.claims)
		})
	}
}

// Of the workers of two processes with two each, those of the process that has the state get its tasks.
func TestTasksStayInTheProcessThatHasTheirState(t *testing.T) {
	g := &group{t: t, sizes: []int32{4}}
	members := []*member{g.join("a"), g.join("a"), g.join("b"), g.join("b")}
	for _, m := range members[2:] {
		m.local = map[topology.TaskID]int64{at(0, 0): 500, at(0, 2): 400}
	}
	g.rebalance()
	for _, id := range []topology.TaskID{at(0, 0), at(0, 2)} {
		require.True(t, members[2].claims[id] || members[3].claims[id], "task %s", id)
	}
	require.Equal(t, []int{1, 1, 1, 1}, g.counts(0))
}

// Of two members that claim a task the one of the higher generation has it; the other one's claim
// does not even delay it.
func TestTheHigherGenerationOwnsATask(t *testing.T) {
	for present := range 2 {
		g := &group{t: t, sizes: []int32{2}}
		for range 2 {
			m := g.join(fmt.Sprint(len(g.members)))
			m.claims[at(0, 0)], m.generation = true, 3
		}
		g.members[present].generation = 7
		d := g.deal()
		require.Equal(t, dealt{owner: present, to: present}, *d.task(at(0, 0)))
		require.True(t, d.granted(at(0, 0)))
		require.Equal(t, dealt{owner: -1, to: 1 - present}, *d.task(at(0, 1)))
	}
}

// A task whose partitions two members hold goes to nobody until one of them has let go.
func TestATaskInPartsIsWithheld(t *testing.T) {
	g := &group{t: t, sizes: []int32{1}}
	g.join("a").claims[at(0, 0)] = false
	g.join("b").claims[at(0, 0)] = false
	require.False(t, g.deal().granted(at(0, 0)))
	delete(g.members[0].claims, at(0, 0))
	require.Equal(t, 1, g.deal().task(at(0, 0)).to)
	require.True(t, g.deal().granted(at(0, 0)))
}

// A deal of a large group is made while all of it waits.
func BenchmarkDeal(b *testing.B) {
	g := &group{t: b, sizes: []int32{500, 500}}
	for i := range 49 {
		g.join(fmt.Sprint(i))
	}
	g.rebalance()
	g.join("new")
	for b.Loop() {
		g.deal()
	}
}
