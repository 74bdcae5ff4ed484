package worker

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/topology"
)

// ear keeps what the hooks of an app tell.
type ear struct {
	mu        sync.Mutex
	processed map[string]int64
	clients   []string
	restored  int
	left      int64 // of the last fetch of a restore
	reports   map[string]Report
	failures  []error
	took      map[string]int64 // ns, by node
}

func (e *ear) hooks() Hooks {
	e.processed, e.reports, e.took = map[string]int64{}, map[string]Report{}, map[string]int64{}
	locked := func(do func()) {
		e.mu.Lock()
		defer e.mu.Unlock()
		do()
	}
	return Hooks{
		Processed: func(sub string, n int64) { locked(func() { e.processed[sub] += n }) },
		Client: func(name string) []kgo.Hook {
			locked(func() { e.clients = append(e.clients, name) })
			return nil
		},
		Restored: func(_ topology.TaskID, _ string, n int, left int64) {
			locked(func() { e.restored, e.left = e.restored+n, left })
		},
		Timed: func(node string, ns int64) { locked(func() { e.took[node] += ns }) },
		Reported: func(r Report) {
			locked(func() {
				e.reports[r.Worker] = r
				if r.Failed != nil {
					e.failures = append(e.failures, r.Failed)
				}
			})
		},
	}
}

// running are the tasks of the latest reports, by id.
func (e *ear) running() map[string]TaskReport {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := map[string]TaskReport{}
	for _, r := range e.reports {
		for _, t := range r.Running {
			all[t.ID.String()] = t
		}
	}
	return all
}

// TestHooksTell: every record is told once, and reports say where the tasks are; a session that ends says why. Nodes are
// timed at one record in 1,023 of a task.
func TestHooksTell(t *testing.T) {
	const records = 8000
	c := newCluster(t)
	var e ear
	dir := t.TempDir()
	stop := c.startApp("app", Config{Workers: 2, StateDir: dir, Hooks: e.hooks()})
	c.words(0, records, 17)
	c.eventually(records)
	require.Eventually(t, func() bool {
		position := int64(0)
		for id, task := range e.running() {
			if id[:1] == "0" {
				position += task.Inputs[0].Position
			}
		}
		return position == records && len(e.running()) == 2*partitions
	}, 20*time.Second, 50*time.Millisecond, "8 tasks, and the first stage has read all records")
	require.NoError(t, stop())
	e.mu.Lock()
	require.Equal(t, map[string]int64{"words": records, "counted": records}, e.processed)
	require.Equal(t, []string{"again-repartition", "count"}, slices.Sorted(maps.Keys(e.took)))
	require.Positive(t, e.took["count"])
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(e.clients))), 3, "two workers and the app")
	require.Empty(t, e.failures)
	for _, r := range e.reports {
		require.Empty(t, r.Running, "the last report says that nothing runs")
		require.Positive(t, r.Rebalances)
	}
	e.mu.Unlock()

	fresh := ear{}
	stop = c.startApp("app", Config{Workers: 1, Memory: true, Hooks: fresh.hooks()})
	require.Eventually(t, func() bool { return len(fresh.running()) == 2*partitions }, 20*time.Second, 50*time.Millisecond)
	require.NoError(t, stop())
	require.GreaterOrEqual(t, fresh.restored, 17, "a row a word")
	require.Zero(t, fresh.left)
}

// TestReportOfAFailedSession: the error is told once, and the next session is told of as well.
func TestReportOfAFailedSession(t *testing.T) {
	c := newCluster(t)
	var e ear
	hooks := e.hooks()
	var once sync.Once
	broken := errors.New("broken")
	hooks.Step = func(int, Step) (err error) {
		once.Do(func() { err = broken })
		return err
	}
	c.startApp("app", Config{Workers: 1, Memory: true, Hooks: hooks})
	c.words(0, 100, 5)
	c.eventually(100)
	e.mu.Lock()
	defer e.mu.Unlock()
	require.Len(t, e.failures, 1)
	require.ErrorIs(t, e.failures[0], broken)
	require.Equal(t, int64(100), e.processed["counted"], "what was aborted is not told")
}
