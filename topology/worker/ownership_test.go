package worker

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology"
)

// What a member owns is the full set of its last assignment, before any callback has told of it and
// whether one ever does.
func TestOwnershipIsTheWholeLastAssignment(t *testing.T) {
	b := &balancer{}
	for _, assigned := range [][]int32{{0, 1}, {0, 1, 2}, {0, 2}, {3}, {3, 1}} {
		_, err := b.ParseSyncAssignment(encoded("words", assigned...))
		require.NoError(t, err)
		require.Equal(t, map[string][]int32{"words": assigned}, b.ownership())
	}
}

// A task whose partition the last assignment has taken away is not taken in, though no callback has
// stopped its restore.
func TestATaskTakenAwayWhileItIsRestoredIsNotTakenIn(t *testing.T) {
	w := idleWorker(t)
	w.app = &App{topo: counting(t, "app"), desk: newDesk()}
	id, o := topology.TaskID{Partition: 2}, &opening{cancel: func() {}}
	w.opening[id] = o
	for _, assigned := range [][]int32{{1, 2}, {1}} {
		_, err := w.balancer.ParseSyncAssignment(encoded("words", assigned...))
		require.NoError(t, err)
	}
	broken := errors.New("the restore of a task that is ours")
	require.NoError(t, w.takeIn(restored{id: id, of: o, err: broken}))
	require.Empty(t, w.opening)
	require.Nil(t, w.running[id])

	w.opening[id] = o
	_, err := w.balancer.ParseSyncAssignment(encoded("words", 1, 2))
	require.NoError(t, err)
	require.ErrorIs(t, w.takeIn(restored{id: id, of: o, err: broken}), broken)
}
