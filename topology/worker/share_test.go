package worker

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
)

// Two processes of one app share the partitions and take over from each other. One that stops leaves the group, so that the
// other waits for no session to end.
func TestTwoProcessesShareAndTakeOver(t *testing.T) {
	c := newCluster(t)
	var first, second counted
	stopFirst := c.startApp("app", Config{Workers: 1, StateDir: t.TempDir(), Instance: "first", Hooks: first.hooks()})
	c.words(0, 400, 29)
	c.eventually(400)
	c.startApp("app", Config{Workers: 1, StateDir: t.TempDir(), Instance: "second", Hooks: second.hooks()})
	total := 400
	require.Eventually(t, func() bool {
		c.words(total, 100, 29)
		total += 100
		c.eventually(int64(total))
		return second.commits.Load() > 3
	}, 20*time.Second, 10*time.Millisecond, "the second process never got a task")
	require.Equal(t, []string{"app-first-0", "app-second-0"}, c.members())
	require.NoError(t, stopFirst())
	require.Equal(t, []string{"app-second-0"}, c.members(), "static members leave by asking for it")
	before := first.commits.Load()
	c.words(total, 500, 29)
	c.eventually(int64(total + 500))
	require.Equal(t, before, first.commits.Load())
}

// members are the instance ids of the members that the group has.
func (c *cluster) members() (ids []string) {
	c.t.Helper()
	groups, err := kadm.NewClient(c.client).DescribeGroups(c.t.Context(), "app")
	require.NoError(c.t, err)
	for _, m := range groups["app"].Members {
		ids = append(ids, *m.InstanceID)
	}
	slices.Sort(ids)
	return ids
}

// A process that joins with the instance id of a running one fences it or is fenced: one of the two
// stops and names the duplicate id, and nothing is counted twice.
func TestDuplicateInstanceIDIsNamed(t *testing.T) {
	c := newCluster(t)
	stop1 := c.startApp("app", Config{Workers: 1, Memory: true, Instance: "same"})
	c.words(0, 200, 13)
	c.eventually(200)
	stop2 := c.startApp("app", Config{Workers: 1, Memory: true, Instance: "same"})
	for i := range 10 {
		c.words(200+i*50, 50, 13)
		c.eventually(int64(250 + i*50))
	}
	time.Sleep(200 * time.Millisecond)
	err := stop1()
	if err2 := stop2(); err == nil {
		err = err2
	}
	require.ErrorContains(t, err, "instance id")
}
