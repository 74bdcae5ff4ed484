package worker

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/topology"
)

// joins is what a member of the counting topology says when it joins.
func joins(t *testing.T, id string, metadata []byte) kmsg.JoinGroupResponseMember {
	t.Helper()
	m := kmsg.NewJoinGroupResponseMember()
	m.MemberID, m.InstanceID, m.ProtocolMetadata = id, &id, metadata
	return m
}

// assigned has a leader balance these members, and gives what each is assigned.
func assigned(t *testing.T, leader *balancer, members ...kmsg.JoinGroupResponseMember) map[string]map[string][]int32 {
	t.Helper()
	mb, topics, err := leader.MemberBalancer(members)
	require.NoError(t, err)
	require.Len(t, topics, 2)
	plan, err := mb.(kgo.GroupMemberBalancerOrError).BalanceOrError(map[string]int32{"words": 4, "app-again-repartition": 4})
	require.NoError(t, err)
	got := map[string]map[string][]int32{}
	for _, a := range plan.IntoSyncAssignment() {
		owned, err := kgo.ParseConsumerSyncAssignment(a.MemberAssignment)
		require.NoError(t, err)
		got[a.MemberID] = owned
	}
	return got
}

var interests = []string{"app-again-repartition", "words"}

// What a new member is to have is handed on in the round after its owner has let go.
func TestBalanceHandsOnInTwoRounds(t *testing.T) {
	b := &balancer{topo: counting(t, "app"), process: "a", local: none}
	all := map[string][]int32{"words": {0, 1, 2, 3}, "app-again-repartition": {0, 1, 2, 3}}
	got := assigned(t, b, joins(t, "a", b.JoinGroupMetadata(interests, all, 3)), joins(t, "b", b.JoinGroupMetadata(interests, nil, -1)))
	kept := got["a"]
	require.Len(t, kept["words"], 2)
	require.Len(t, kept["app-again-repartition"], 2)
	require.Empty(t, got["b"])
	got = assigned(t, b, joins(t, "a", b.JoinGroupMetadata(interests, kept, 4)), joins(t, "b", b.JoinGroupMetadata(interests, nil, 4)))
	require.Equal(t, kept, got["a"])
	require.Len(t, got["b"]["words"], 2)
	require.Len(t, got["b"]["app-again-repartition"], 2)
}

// A member tells of its state; one without user data is dealt tasks like any other.
func TestBalanceGoesByTheStateOfMembers(t *testing.T) {
	topo := counting(t, "app")
	leader := &balancer{topo: topo, process: "a", local: none}
	had := map[topology.TaskID]int64{at(0, 3): 70, at(1, 1): 80}
	back := &balancer{topo: topo, process: "b", local: func() map[topology.TaskID]int64 { return had }}
	plain := kmsg.NewConsumerMemberMetadata()
	plain.Version, plain.Topics = 3, interests
	got := assigned(t, leader, joins(t, "a", plain.AppendTo(nil)), joins(t, "b", back.JoinGroupMetadata(interests, nil, -1)))
	require.Contains(t, got["b"]["words"], int32(3))
	require.Contains(t, got["b"]["app-again-repartition"], int32(1))
	require.Len(t, got["a"]["words"], 2)
}

// A member leads from the join that makes it the leader to its next one.
func TestLeadsUntilTheNextJoin(t *testing.T) {
	b := &balancer{topo: counting(t, "app"), local: none}
	metadata := b.JoinGroupMetadata(interests, nil, -1)
	require.False(t, b.leads())
	assigned(t, b, joins(t, "a", metadata))
	require.True(t, b.leads())
	b.JoinGroupMetadata(interests, nil, 1)
	require.False(t, b.leads())
}
