package worker

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A leader that moves while a task is restored is followed: the other tasks of the worker lose no session by it.
func TestARestoreOutlastsAMoveOfItsLeader(t *testing.T) {
	c, fake := newFake(t)
	stop := c.startApp("app", Config{Workers: 1, Memory: true})
	c.words(0, 300, 13)
	c.eventually(300)
	require.NoError(t, stop())
	var moved []*kfake.FaultHandle
	for _, topic := range []string{"app-counted-changelog", "app-counted-task-changelog"} {
		moved = append(moved, fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: topic, Err: kerr.NotLeaderForPartition, Count: 2}))
	}
	var e ear
	stop = c.startApp("app", Config{Workers: 1, Memory: true, Hooks: e.hooks()})
	c.words(300, 300, 13)
	c.eventually(600)
	require.NoError(t, stop())
	for _, m := range moved {
		require.Equal(t, 2, m.Hits())
	}
	require.Empty(t, e.failures, "a session has ended")
}
