package worker

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/topology"
)

// Who may not ask how far its sources reach never closes a window on quiet input: that is told, once in a while.
func TestUnknownEndsOfSourcesAreTold(t *testing.T) {
	c, fake := newFake(t)
	fake.ControlKey(kmsg.ListOffsets.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		asked := req.(*kmsg.ListOffsetsRequest)
		resp := asked.ResponseKind().(*kmsg.ListOffsetsResponse)
		for _, topic := range asked.Topics {
			refused := kmsg.NewListOffsetsResponseTopic()
			refused.Topic = topic.Topic
			for _, p := range topic.Partitions {
				at := kmsg.NewListOffsetsResponseTopicPartition()
				at.Partition, at.ErrorCode = p.Partition, kerr.TopicAuthorizationFailed.Code
				refused.Partitions = append(refused.Partitions, at)
			}
			resp.Topics = append(resp.Topics, refused)
		}
		return resp, nil, true
	})
	w := loopWorker(t, func() error { return nil }, 1)
	w.app.admin = kadm.NewClient(c.client)
	w.app.topo.Subs[0].Sources[0].Timed = true
	ask := func() (told func(message, cause string) bool) {
		w.log, told = said()
		w.quiet = newQuiet() // of another session
		w.observeQuiet(t.Context(), time.Now())
		require.True(t, w.quiet.asking)
		w.watch.Wait()
		w.observeQuiet(t.Context(), time.Now())
		return told
	}
	require.True(t, ask()("ends of source topics are not known", "TOPIC_AUTHORIZATION_FAILED"))
	require.False(t, ask()("", ""), "again at once")
}

// A worker does not wait for the broker to say how far its sources reach; without an answer for long none is quiet.
func TestAWorkerDoesNotWaitForEnds(t *testing.T) {
	c, fake := newFake(t)
	w := loopWorker(t, func() error { return nil }, 1)
	w.app.admin = kadm.NewClient(c.client)
	w.app.topo.Subs[0].Sources[0].Timed = true
	run := w.running[topology.TaskID{}].task
	run.Begin(0, 0)
	idle := func(now time.Time) bool {
		require.NoError(t, run.Advance(now.Add(askLimit).UnixMilli()))
		require.NoError(t, run.Flush())
		run.Commit(func(int) int64 { return 1 })
		return run.Position().Idle
	}
	now := time.Now()
	require.False(t, idle(now))
	w.observeQuiet(t.Context(), now)
	w.watch.Wait()
	w.observeQuiet(t.Context(), now)
	hangs := make(chan struct{})
	fake.ControlKey(kmsg.ListOffsets.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
		<-hangs
		return nil, nil, false
	})
	now = now.Add(askEvery)
	w.observeQuiet(t.Context(), now)
	require.True(t, w.quiet.asking, "and it has returned")
	require.NoError(t, run.Advance(now.UnixMilli()))
	w.observeQuiet(t.Context(), now.Add(askEvery))
	require.True(t, idle(now), "the last answer holds")
	w.observeQuiet(t.Context(), now.Add(askLimit))
	require.False(t, idle(now.Add(askLimit)), "and does not any more")
	close(hangs)
	w.watch.Wait()
}

// Who may not look at the group cannot find tasks that are left without an owner; it says so.
func TestAnUnknownGroupIsTold(t *testing.T) {
	c, fake := newFake(t)
	fake.ControlKey(kmsg.DescribeGroups.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		resp := req.ResponseKind().(*kmsg.DescribeGroupsResponse)
		group := kmsg.NewDescribeGroupsResponseGroup()
		group.Group, group.ErrorCode = "app", kerr.GroupAuthorizationFailed.Code
		resp.Groups = append(resp.Groups, group)
		return resp, nil, true
	})
	log, told := said()
	c.startApp("app", Config{Workers: 1, Memory: true, Logger: log})
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	for !told("the group is not known", "GROUP_AUTHORIZATION_FAILED") {
		require.NoError(t, pause(ctx, tick), "nothing was said")
	}
}
