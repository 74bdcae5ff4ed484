package worker

import (
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A restore asks for the offsets of its own partitions. To ask for all that the group has committed would be to wait until
// no transaction of any worker is pending, which is never where there are many; and all tasks ask when an app starts.
func TestARestoreAsksForNothingOfOtherTasks(t *testing.T) {
	c, fake := newFake(t)
	stop := c.startApp("app", Config{Workers: 1, Memory: true})
	c.words(0, 300, 13)
	c.eventually(300)
	require.NoError(t, stop())
	a, err := New(counting(t, "app"), Config{Brokers: c.brokers, Memory: true})
	require.NoError(t, err)
	require.NoError(t, a.open(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.close()) })
	const mine = 2
	var mu sync.Mutex
	asked := map[kmsg.Key][]int32{}
	note := func(key kmsg.Key, partitions ...int32) {
		mu.Lock()
		defer mu.Unlock()
		asked[key] = append(asked[key], partitions...)
	}
	fake.ControlKey(kmsg.OffsetFetch.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		for _, group := range req.(*kmsg.OffsetFetchRequest).Groups {
			if len(group.Topics) == 0 {
				note(kmsg.OffsetFetch, -1) // all of them
			}
			for _, topic := range group.Topics {
				note(kmsg.OffsetFetch, topic.Partitions...)
			}
		}
		return nil, nil, false
	})
	fake.ControlKey(kmsg.ListOffsets.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		for _, topic := range req.(*kmsg.ListOffsetsRequest).Topics {
			for _, p := range topic.Partitions {
				note(kmsg.ListOffsets, p.Partition)
			}
		}
		return nil, nil, false
	})
	r := newWorker(a, 0).restore(t.Context(), a.topo.Subs[1], at(1, mine))
	require.NoError(t, r.err)
	require.Positive(t, r.committed[0])
	mu.Lock()
	defer mu.Unlock()
	for _, key := range []kmsg.Key{kmsg.OffsetFetch, kmsg.ListOffsets} {
		require.NotEmpty(t, asked[key])
		require.Equal(t, []int32{mine}, slices.Compact(asked[key]), "%v", key)
	}
}
