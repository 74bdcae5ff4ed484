package worker

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/topology"
)

// lagged is the acceptable lag of these tests.
const lagged = 100

// round has all join once: what the leader places is taken over, and written to. It says whether a task waits for its owner
// to let go, and where copies are.
func (g *group) round(n int, written int64) (withheld bool, p *placing) {
	d := g.deal()
	before := g.held()
	p = d.place(n)
	g.generation++
	after := make([]map[topology.TaskID]bool, len(g.members))
	for i := range after {
		after[i] = map[topology.TaskID]bool{}
	}
	d.each(func(d *deal, id topology.TaskID) {
		t := d.task(id)
		g.apart(p, id, n)
		if t.owner >= 0 && t.to != t.owner && d.process[t.to] != d.process[t.owner] {
			require.LessOrEqual(g.t, lacks(d, id, d.process[t.to]), int64(lagged), "task %s moves to where its state is not", id)
		}
		if !d.granted(id) {
			withheld = true
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
			m.local[id] = farthest(d, id) + written
		}
	}
	return withheld, p
}

// restless has all join once and the copies come near, and says whether anything is still on its way.
func (g *group) restless(n int, written int64) bool {
	restless, p := g.round(n, written)
	return g.warm(p) || restless
}

// farthest is how far the best state of a task reaches.
func farthest(d *deal, id topology.TaskID) (offsets int64) {
	for at := range d.members {
		offsets = max(offsets, d.reach(id, at))
	}
	return offsets
}

// lacks is how much less the state of a process is.
func lacks(d *deal, id topology.TaskID, process int) int64 {
	return farthest(d, id) - d.reach(id, process)
}

// warm has the copies come near, and says whether a task was to wait for one.
func (g *group) warm(p *placing) (awaited bool) {
	for at, copies := range p.copies {
		for id, waits := range copies {
			awaited = awaited || waits
			g.members[at].local[id] = farthest(p.deal, id)
		}
	}
	return awaited
}

// apart checks that a task's copies lie in other processes than itself, in as many as there may be.
func (g *group) apart(p *placing, id topology.TaskID, n int) {
	d := p.deal
	copies, room := 0, 0
	for at, of := range p.copies {
		if of != nil && p.mayStand(id, at) {
			room++
		}
		if _, has := of[id]; has {
			copies++
			owner := d.task(id).owner
			require.False(g.t, owner >= 0 && d.process[owner] == at, "a copy of %s beside its owner", id)
			require.False(g.t, owner < 0 && d.process[d.task(id).to] == at, "a copy of %s beside it", id)
		}
	}
	require.GreaterOrEqual(g.t, copies, min(n, room), "copies of %s", id)
	require.LessOrEqual(g.t, copies, 2*n+1, "copies of %s", id)
}

// Whatever joins and leaves, with state or without: tasks move only to where their state is near, no copy is beside its
// task, and in the end all is level and rests.
func TestTasksMoveToWhereTheirCopiesAreNear(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := &group{t: rt, lag: lagged, sizes: rapid.SliceOfN(rapid.Int32Range(1, 8), 1, 3).Draw(rt, "sizes")}
		workers, n := rapid.IntRange(1, 2).Draw(rt, "workers of a process"), rapid.IntRange(0, 2).Draw(rt, "standbys")
		for range rapid.IntRange(1, 8).Draw(rt, "events") {
			if len(g.members) > workers && rapid.Bool().Draw(rt, "a process leaves") {
				gone := rapid.SampledFrom(g.members).Draw(rt, "which").process
				g.members = slices.DeleteFunc(g.members, func(m *member) bool { return m.process == gone })
			} else {
				g.born++
				for range workers {
					m := g.join(fmt.Sprint(g.born))
					m.stands, m.rack = true, []string{"", "x", "y"}[g.born%3]
				}
			}
			written := rapid.SampledFrom([]int64{10, 1000}).Draw(rt, "written in a round")
			for range rapid.IntRange(0, 2).Draw(rt, "rounds before the next event") {
				g.restless(n, written)
			}
			if rapid.Bool().Draw(rt, "copies are slow") {
				g.restsMeanwhile(rt, n)
			}
		}
		rounds := 0
		for g.restless(n, 10) {
			rounds++
			require.Less(rt, rounds, 8, "no rest")
		}
		g.isLevel(rt, workers)
		before := g.deal().place(n).copies
		g.round(n, 10)
		require.Equal(rt, before, g.deal().place(n).copies, "standbys move though nothing has changed")
	})
}

// restsMeanwhile checks that tasks do not go to and fro as long as no copy comes near.
func (g *group) restsMeanwhile(t require.TestingT, n int) {
	for rounds := 0; ; rounds++ {
		if withheld, _ := g.round(n, 0); !withheld {
			break
		}
		require.Less(t, rounds, 4, "no rest while copies are slow")
	}
	before := g.held()
	g.round(n, 0)
	require.Equal(t, before, g.held(), "tasks move though nothing has changed")
}

// When an instance dies its tasks go to those who have their standbys, though others have less to do.
func TestStandbysTakeOver(t *testing.T) {
	g := &group{t: t, lag: lagged, sizes: []int32{6, 6}}
	for _, process := range []string{"a", "b", "c"} {
		g.join(process).stands = true
	}
	for g.restless(1, 1000) {
	}
	copies := g.deal().place(1).copies
	had := g.members[0].claims
	require.Len(t, had, 4)
	survivors := copies[1:]
	g.leave(g.members[0])
	g.join("new").stands = true
	d := g.deal()
	d.place(1)
	for id := range had {
		_, has := survivors[d.task(id).to%2][id]
		require.Less(t, d.task(id).to, 2, "task %s went to who has nothing of it", id)
		require.True(t, has, "task %s", id)
	}
}

// The standbys of each task lie in another rack, as long as there is one.
func TestStandbysLieInOtherRacks(t *testing.T) {
	g := &group{t: t, lag: lagged, sizes: []int32{8}}
	for i, process := range []string{"a", "b", "c", "d"} {
		m := g.join(process)
		m.stands, m.rack = true, []string{"east", "west"}[i/2]
	}
	for g.restless(1, 1000) {
	}
	d := g.deal()
	p := d.place(1)
	d.each(func(d *deal, id topology.TaskID) {
		for at, copies := range p.copies {
			if _, has := copies[id]; has {
				require.NotEqual(t, g.members[d.task(id).to].rack, g.members[at].rack, "task %s", id)
			}
		}
	})
}

// Standbys are level over the processes, and one that is near stays until who is to follow it is near.
func TestStandbysAreLevel(t *testing.T) {
	g := &group{t: t, lag: lagged, sizes: []int32{12}}
	for _, process := range []string{"a", "b"} {
		g.join(process).stands = true
	}
	for g.restless(1, 1000) {
	}
	g.join("c").stands = true
	for restless := true; restless; {
		restless = g.restless(1, 1000)
		d := g.deal()
		p := d.place(1)
		d.each(func(d *deal, id topology.TaskID) {
			near := 0
			for at, copies := range p.copies {
				if _, has := copies[id]; has && lacks(d, id, at) <= 1000 {
					near++
				}
			}
			require.Positive(t, near, "no copy of %s is near", id)
		})
	}
	for at, copies := range g.deal().place(1).copies {
		require.InDelta(t, 4, len(copies), 1, "standbys of process %d", at)
	}
}

// A member of an older program keeps no copies: it gets its part of the tasks as ever, and no standby.
func TestMembersOfOlderProgramsAreNotWaitedFor(t *testing.T) {
	g := &group{t: t, lag: lagged, sizes: []int32{4}}
	g.join("new").stands = true
	for g.restless(1, 1000) {
	}
	g.join("old")
	d := g.deal()
	p := d.place(1)
	require.Equal(t, []int{2, 2}, d.total)
	require.Empty(t, p.copies[1])
}

func TestStandingIsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		copies := standing{}
		for range rapid.IntRange(0, 5).Draw(rt, "copies") {
			copies[at(rapid.IntRange(0, 3).Draw(rt, "sub"), rapid.IntRange(0, 999).Draw(rt, "partition"))] = rapid.Bool().Draw(rt, "awaited")
		}
		data := appendStanding(nil, copies)
		require.Equal(rt, copies, parseStanding(data))
		for cut := range data {
			require.Empty(rt, parseStanding(data[:cut]))
		}
		data[0]++
		require.Empty(rt, parseStanding(data))
	})
}

// An assignment carries the standbys to those that read them, and the same partitions as ever to those that do not.
func TestAnAssignmentCarriesTheStandbys(t *testing.T) {
	leader := &balancer{topo: counting(t, "app"), process: "a", local: none, copies: 1, near: lagged}
	other := &balancer{topo: counting(t, "app"), process: "b", local: none}
	mb, _, err := leader.MemberBalancer([]kmsg.JoinGroupResponseMember{
		joins(t, "a", leader.JoinGroupMetadata(interests, nil, -1)), joins(t, "b", other.JoinGroupMetadata(interests, nil, -1)),
	})
	require.NoError(t, err)
	var told standing
	plan, err := mb.(kgo.GroupMemberBalancerOrError).BalanceOrError(map[string]int32{"words": 4, "app-again-repartition": 4})
	require.NoError(t, err)
	other.stand = func(s standing) { told = s }
	owned, err := other.ParseSyncAssignment(plan.IntoSyncAssignment()[1].MemberAssignment)
	require.NoError(t, err)
	require.Len(t, owned["words"], 2)
	require.Len(t, told, 4)
	for id := range told {
		topic := []string{"words", "app-again-repartition"}[id.Sub]
		require.NotContains(t, owned[topic], id.Partition)
	}
}
