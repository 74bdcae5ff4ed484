package storetest

import (
	"fmt"

	"github.com/abacus-stream/abacus/state"
	"github.com/stretchr/testify/require"
)

func put(t require.TestingT, store state.Store, key, value string) {
	var b state.Batch
	b.Put([]byte(key), []byte(value))
	require.NoError(t, store.Apply(&b))
}

func remove(t require.TestingT, store state.Store, key string) {
	var b state.Batch
	b.Delete([]byte(key))
	require.NoError(t, store.Apply(&b))
}

func applyCheckpoint(t require.TestingT, store state.Store, c state.Checkpoint) {
	var b state.Batch
	b.SetCheckpoint(c)
	require.NoError(t, store.Apply(&b))
}

func requireCheckpoint(t require.TestingT, store state.Store, want state.Checkpoint) {
	got, ok, err := store.Checkpoint()
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, want, got)
}

// requireRows compares all rows, each as key=value, and reads each by its key too.
func requireRows(t require.TestingT, store state.Store, want ...string) {
	require.Equal(t, want, rowsOf(t, store))
}

func rowsOf(t require.TestingT, store state.Store) []string {
	var rows []string
	require.NoError(t, store.Scan(nil, nil, func(key, value []byte) bool {
		rows = append(rows, fmt.Sprintf("%s=%s", key, value))
		again, ok, err := store.Get(key)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, string(value), string(again))
		return true
	}))
	return rows
}

func requireAbsent(t require.TestingT, store state.Store, key string) {
	_, ok, err := store.Get([]byte(key))
	require.NoError(t, err)
	require.False(t, ok, "%q is there", key)
}
