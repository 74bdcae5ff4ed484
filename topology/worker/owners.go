package worker

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Owner is the instance that a partition of a store is assigned to.
type Owner struct {
	Instance string // its id; empty: nobody has the partition, as while the group rebalances
	Address  string // what it advertises, host:port; empty: nothing
	Here     bool   // it is this one
}

// Owners asks the group who has the partitions of the store, by partition. The owner may still be restoring.
// Errors, wrapped: ErrNotRunning, those of Kafka.
func (s *Store) Owners(ctx context.Context) ([]Owner, error) {
	n, err := s.Partitions()
	if err != nil {
		return nil, err
	}
	owners := make([]Owner, n)
	app := s.app.topo.App
	described, err := s.app.admin.DescribeGroups(ctx, app)
	if err == nil {
		err = described[app].Err
	}
	if err != nil {
		return nil, s.failed(-1, fmt.Errorf("group %s: %w", app, err))
	}
	for _, m := range described[app].Members {
		owner, owned := s.app.member(m)
		if owner.Instance == "" {
			continue
		}
		for _, p := range owned[s.sub.Sources[0].Topic] {
			if int(p) < n && whole(s.sub, p, owned) {
				owners[p] = owner
			}
		}
	}
	return owners, nil
}

// member reads what the group says of a member. While it rebalances it says nothing.
func (a *App) member(m kadm.DescribedGroupMember) (Owner, map[string][]int32) {
	join, ok1 := m.Join.AsConsumer()
	assigned, ok2 := m.Assigned.AsConsumer()
	if !ok1 || !ok2 {
		return Owner{}, nil
	}
	said := parseUserData(join.UserData)
	return Owner{Instance: said.process, Address: said.address, Here: said.process == a.engine.instance}, partitionsOf(assigned)
}

func partitionsOf(assigned *kmsg.ConsumerMemberAssignment) map[string][]int32 {
	owned := map[string][]int32{}
	for _, t := range assigned.Topics {
		owned[t.Topic] = append(owned[t.Topic], t.Partitions...)
	}
	return owned
}
