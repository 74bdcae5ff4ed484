package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Two processes of one app share the partitions and take over from each other.
func TestTwoProcessesShareAndTakeOver(t *testing.T) {
	c := newCluster(t)
	var first, second counted
	stopFirst := c.startApp("app", Config{Workers: 1, StateDir: t.TempDir(), Hooks: first.hooks()})
	c.words(0, 400, 29)
	c.eventually(400)
	c.startApp("app", Config{Workers: 1, StateDir: t.TempDir(), Hooks: second.hooks()})
	total := 400
	require.Eventually(t, func() bool {
		c.words(total, 100, 29)
		total += 100
		c.eventually(int64(total))
		return second.commits.Load() > 3
	}, 20*time.Second, 10*time.Millisecond, "the second process never got a task")
	require.NoError(t, stopFirst())
	before := first.commits.Load()
	c.words(total, 500, 29)
	c.eventually(int64(total + 500))
	require.Equal(t, before, first.commits.Load())
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
