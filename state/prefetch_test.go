package state_test

import (
	"fmt"
	"testing"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/stretchr/testify/require"
)

func TestPrefetchLoadsWhatTheCacheDoesNotKnow(t *testing.T) {
	store := memory.New().Store("counts")
	table := state.NewTable("counts", 0, store, 0)
	var batch state.Batch
	var keys [][]byte
	for i := range 200 {
		keys = append(keys, fmt.Appendf(nil, "key %d", i/2)) // each twice
		if i%3 == 0 {
			batch.Put(keys[i], fmt.Appendf(nil, "value %d", i/2))
		}
	}
	require.NoError(t, store.Apply(&batch))
	table.Put([]byte("key 5"), []byte("newer"))
	require.NoError(t, table.Prefetch(nil))
	require.NoError(t, table.Prefetch(keys))
	require.NoError(t, table.Prefetch(keys))
	before := table.Stats()
	require.EqualValues(t, 99, before.Misses)
	require.Zero(t, before.Hits, "prefetching is not counted as use")
	require.Equal(t, 100, before.Rows)
	requireValue(t, table, "key 0", "value 0")
	requireValue(t, table, "key 5", "newer")
	requireValue(t, table, "key 99", "value 99")
	requireAbsent(t, table, "key 98")
	require.Equal(t, before.Misses, table.Stats().Misses)
}
