package worker

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
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
	log, told := said()
	w.log = log
	w.observeQuiet(t.Context(), time.Now())
	require.True(t, told("ends of source topics are not known", "TOPIC_AUTHORIZATION_FAILED"))
	w.quiet = quiet{} // of another session
	w.log, told = said()
	w.observeQuiet(t.Context(), time.Now())
	require.False(t, told("", ""), "again at once")
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
