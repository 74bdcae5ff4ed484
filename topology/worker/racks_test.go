package worker

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Instances tell the group their rack: in the end each task has its standby in another one, though an instance of its own
// rack would have less to keep.
func TestInstancesKeepStandbysForOtherRacks(t *testing.T) {
	c := newCluster(t)
	racks := []string{"east", "east", "west"}
	var apps []*App
	for i, rack := range racks {
		a, _ := c.run(Config{Workers: 1, Memory: true, Standbys: 1, Rack: rack, Instance: fmt.Sprint(rack, i)})
		apps = append(apps, a)
		c.words(200*i, 200, 40)
		c.eventually(int64(200 * (i + 1)))
	}
	// where gives the apps that have a task or a standby of it.
	where := func(sub, p int) (tasks, standbys []int) {
		for i, a := range apps {
			if a.desk.has(at(sub, p)) {
				tasks = append(tasks, i)
			}
			if slices.ContainsFunc(a.copies.reports(), func(r StandbyReport) bool { return r.ID == at(sub, p) && r.Lag == 0 }) {
				standbys = append(standbys, i)
			}
		}
		return tasks, standbys
	}
	var placed []string
	require.Eventually(t, func() bool {
		apart := 0
		placed = nil
		for sub := range apps[0].topo.Subs {
			for p := range partitions {
				tasks, standbys := where(sub, p)
				placed = append(placed, fmt.Sprintf("%d_%d %v %v", sub, p, tasks, standbys))
				if len(tasks) == 1 && len(standbys) == 1 && racks[tasks[0]] != racks[standbys[0]] {
					apart++
				}
			}
		}
		return apart == 2*partitions
	}, waitLimit, 50*time.Millisecond, "tasks and their standbys are in %v", &placed)
	for i, a := range apps {
		require.NotEmpty(t, a.desk.partitions(0), "instance %d has no task: the test shows nothing", i)
	}
	require.Len(t, apps[2].copies.reports(), len(apps[0].desk.partitions(0))+len(apps[0].desk.partitions(1))+len(apps[1].desk.partitions(0))+len(apps[1].desk.partitions(1)))
}
