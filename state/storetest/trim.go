package storetest

import (
	"fmt"
	"testing"

	"github.com/abacus-stream/abacus/state"
	"github.com/stretchr/testify/require"
)

// discard is a changelog that nobody reads.
type discard struct{}

func (discard) Append(int, []byte, []byte) {}

// trimmedTable trims rows that the engine has and rows that it never gets, before and after it is opened again.
func trimmedTable(t *testing.T, store state.Store, reopen reopener) {
	checkpoint := func(table *state.Table) {
		var b state.Batch
		table.Flush(discard{})
		table.Commit()
		table.Checkpoint(&b)
		require.NoError(t, store.Apply(&b))
	}
	table := state.NewTable("panes", 0, store, 0)
	for i := range 500 {
		table.Put(fmt.Appendf(nil, "pane %03d", i), []byte("x"))
		if i == 250 {
			checkpoint(table)
		}
	}
	table.Trim([]byte("pane 400"))
	requirePanes(t, table, 400)
	checkpoint(table)
	requirePanes(t, table, 400)
	requireAbsent(t, store, "pane 399")

	store = reopen()
	table = state.NewTable("panes", 0, store, 0)
	requirePanes(t, table, 400)
	table.Trim([]byte("pane 450"))
	checkpoint(table)
	store = reopen()
	requirePanes(t, state.NewTable("panes", 0, store, 0), 450)
}

func requirePanes(t *testing.T, table *state.Table, from int) {
	next := from
	require.NoError(t, table.Scan(nil, nil, func(key, _ []byte) bool {
		require.Equal(t, fmt.Sprintf("pane %03d", next), string(key))
		next++
		return true
	}))
	require.Equal(t, 500, next)
	_, found, err := table.Get(fmt.Appendf(nil, "pane %03d", from-1))
	require.NoError(t, err)
	require.False(t, found)
}
