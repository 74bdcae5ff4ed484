package worker

import (
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/topology"
)

// balancer assigns whole tasks: the partitions of one number of all sources of a sub-topology
// belong together. Sticky, cooperative: what moves is withheld until its owner has let go of it. With the tasks it assigns
// their standbys, by process.
type balancer struct {
	topo    *topology.Topology
	process string                           // instance id
	address string                           // advertised
	rack    string                           // of this process
	local   func() map[topology.TaskID]int64 // for the user data of a join
	stand   func(standing)                   // takes the standbys of an assignment over; nil: nobody asks
	copies  int                              // standbys of each task, where this member leads
	near    int64                            // offsets that a copy that is near may lack, likewise
	mu      struct {
		sync.Mutex
		owned   map[string][]int32 // the full set of the last assignment
		owes    bool               // it took something away: the group waits for our next join to hand that on
		joining time.Time          // when the join under way began; zero: none is
		leads   bool               // the last join made this member the leader
	}
}

// ownership is the last assignment, whole: ownership is never a sum of callbacks.
func (b *balancer) ownership() map[string][]int32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mu.owned
}

// owes says whether partitions lie idle until this member joins again. A static member that comes
// back with another client does not: the group answers it with the old assignment, for ever.
func (b *balancer) owes() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mu.owes
}

// joining is when the join under way began, zero when none is.
func (b *balancer) joining() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mu.joining
}

// leads says whether this member deals out the tasks of the group.
func (b *balancer) leads() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mu.leads
}

// forget drops the assignment of a membership that is lost.
func (b *balancer) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.owned, b.mu.owes, b.mu.leads = nil, false, false
}

// ProtocolName names the protocol; members of one group must agree on it.
func (b *balancer) ProtocolName() string { return "abacus-tasks" }

// IsCooperative says that members keep what they own while they rebalance.
func (b *balancer) IsCooperative() bool { return true }

// JoinGroupMetadata tells the leader what this member owns and what state its process has.
func (b *balancer) JoinGroupMetadata(interests []string, current map[string][]int32, generation int32) []byte {
	b.mu.Lock()
	b.mu.joining, b.mu.leads = time.Now(), false
	b.mu.Unlock()
	meta := kmsg.NewConsumerMemberMetadata()
	meta.Version, meta.Topics, meta.Generation = 3, interests, generation
	meta.UserData = appendUserData(nil, userData{process: b.process, address: b.address, rack: b.rack, local: b.local()})
	for topic, partitions := range current {
		owned := kmsg.NewConsumerMemberMetadataOwnedPartition()
		owned.Topic, owned.Partitions = topic, partitions
		meta.OwnedPartitions = append(meta.OwnedPartitions, owned)
	}
	sort.Slice(meta.OwnedPartitions, func(i, j int) bool { return meta.OwnedPartitions[i].Topic < meta.OwnedPartitions[j].Topic })
	return meta.AppendTo(nil)
}

// ParseSyncAssignment reads this member's assignment and remembers it.
func (b *balancer) ParseSyncAssignment(assignment []byte) (map[string][]int32, error) {
	owned, copies, err := parseAssignment(assignment)
	if err == nil {
		b.mu.Lock()
		b.mu.owes = loses(b.mu.owned, owned)
		b.mu.owned, b.mu.joining = owned, time.Time{}
		b.mu.Unlock()
		if b.stand != nil {
			b.stand(copies)
		}
	}
	return owned, err
}

// loses says whether an assignment lacks a partition of the one before it.
func loses(before, after map[string][]int32) bool {
	for topic, partitions := range before {
		for _, p := range partitions {
			if !slices.Contains(after[topic], p) {
				return true
			}
		}
	}
	return false
}

// MemberBalancer is called on the leader of the group, also when it comes back and deals nothing out.
func (b *balancer) MemberBalancer(members []kmsg.JoinGroupResponseMember) (kgo.GroupMemberBalancer, map[string]struct{}, error) {
	b.mu.Lock()
	b.mu.leads = true
	b.mu.Unlock()
	cb, err := kgo.NewConsumerBalancer(b, members)
	if err != nil {
		return nil, nil, err
	}
	return cb, cb.MemberTopics(), nil
}

// Balance deals out the tasks and hands on those that their owners have let go of.
func (b *balancer) Balance(cb *kgo.ConsumerBalancer, topics map[string]int32) kgo.IntoSyncAssignment {
	sizes := make([]int32, len(b.topo.Subs))
	for i, sub := range b.topo.Subs {
		for _, src := range sub.Sources {
			sizes[i] = max(sizes[i], topics[src.Topic])
		}
	}
	var joined []*kmsg.JoinGroupResponseMember
	var members []member
	cb.EachMember(func(m *kmsg.JoinGroupResponseMember, meta *kmsg.ConsumerMemberMetadata) {
		joined, members = append(joined, m), append(members, b.member(meta))
	})
	d, plan := newDeal(sizes, members, b.near), cb.NewPlan()
	placed := d.place(b.copies)
	d.each(func(d *deal, id topology.TaskID) {
		for _, src := range b.topo.Subs[id.Sub].Sources {
			if id.Partition < topics[src.Topic] && d.granted(id) {
				plan.AddPartition(joined[d.task(id).to], src.Topic, id.Partition)
			}
		}
	})
	a := &assignment{BalancePlan: plan, copies: map[string]standing{}}
	for i, copies := range placed.copies {
		a.copies[joined[i].MemberID] = copies
	}
	return a
}

// member reads what a member says of itself.
func (b *balancer) member(meta *kmsg.ConsumerMemberMetadata) member {
	said := parseUserData(meta.UserData)
	m := member{process: said.process, generation: meta.Generation, local: said.local, claims: map[topology.TaskID]bool{}, rack: said.rack, stands: said.version >= 3}
	owned := map[string][]int32{}
	for _, o := range meta.OwnedPartitions {
		owned[o.Topic] = append(owned[o.Topic], o.Partitions...)
	}
	for _, sub := range b.topo.Subs {
		for _, src := range sub.Sources {
			for _, p := range owned[src.Topic] {
				m.claims[topology.TaskID{Sub: sub.ID, Partition: p}] = whole(sub, p, owned)
			}
		}
	}
	return m
}
