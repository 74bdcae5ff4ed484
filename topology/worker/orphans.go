package worker

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/topology"
)

// adoptEvery is how often the group is looked at for orphans, adoptSeldom how often at last where
// dealing anew does not help, as for partitions of a topic that is gone.
const adoptEvery, adoptSeldom = time.Second, time.Minute

// adopt has tasks dealt out anew that no member of the group has. They are left by a static member
// that dies, or loses its broker, after it let go of them and before the join that hands them on:
// it comes back with its old assignment, and nobody is told to join.
//
// Only the leader of the group looks: its join alone makes the group rebalance whatever it says,
// and one that is gone is replaced in a rebalance, which leaves no orphan. Two looks must find one:
// between the owner's letting go and the join that hands it on, every task is one for a moment.
func (a *App) adopt(session context.Context, client *kgo.Client, b *balancer) {
	var before []topology.TaskID
	var blind seldom
	wait := adoptEvery
	for pause(session, wait) == nil {
		var now []topology.TaskID
		if b.leads() {
			var err error
			if now, err = a.orphans(session); err != nil && session.Err() == nil && blind.due(time.Now()) {
				a.log.Warn("the group is not known: tasks that are left without an owner would stay so", zap.Error(err))
			}
		}
		lasting := slices.ContainsFunc(now, func(id topology.TaskID) bool { return slices.Contains(before, id) })
		before = now
		if lasting {
			a.log.Warn("tasks without an owner are dealt out anew", zap.Stringers("tasks", now))
			client.ForceRebalance()
			wait = min(2*wait, adoptSeldom)
		} else if len(now) == 0 {
			wait = adoptEvery
		}
	}
}

// orphans are the tasks that the assignments of a stable group leave out.
func (a *App) orphans(ctx context.Context) (found []topology.TaskID, err error) {
	ctx, cancel := context.WithTimeout(ctx, adoptEvery)
	defer cancel()
	groups, err := a.admin.DescribeGroups(ctx, a.topo.App)
	group := groups[a.topo.App]
	if err = cmp.Or(err, group.Err); err != nil || group.State != "Stable" {
		return nil, err
	}
	owned := group.AssignedPartitions()
	for _, sub := range a.topo.Subs {
		topic := sub.Sources[0].Topic
		for p := range a.topics.partitions[topic] {
			if !owned.Lookup(topic, int32(p)) {
				found = append(found, topology.TaskID{Sub: sub.ID, Partition: int32(p)})
			}
		}
	}
	return found, nil
}
