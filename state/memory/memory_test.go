package memory

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/storetest"
	"github.com/stretchr/testify/require"
)

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (state.Store, func() state.Store) {
		db := New()
		store := db.Store("0_1/counts")
		return store, func() state.Store {
			require.NoError(t, store.Close())
			store = db.Store("0_1/counts")
			return store
		}
	})
}

func TestStoresAreApart(t *testing.T) {
	db := New()
	one, two := db.Store("one"), db.Store("two")
	apply(t, one, "ann", "1")
	_, ok, err := two.Get([]byte("ann"))
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, two.Clear())
	_, ok, err = one.Get([]byte("ann"))
	require.NoError(t, err)
	require.True(t, ok)
}

func TestACopyKeepsTheRowsOfItsMoment(t *testing.T) {
	db := New()
	store := db.Store("one")
	var b state.Batch
	b.Put([]byte("ann"), []byte("1"))
	b.SetCheckpoint(state.Checkpoint{ChangelogOffset: 5})
	require.NoError(t, store.Apply(&b))
	copied := db.Copy()
	b.Reset()
	b.Put([]byte("ann"), []byte("2"))
	b.Put([]byte("bob"), []byte("2"))
	b.SetCheckpoint(state.Checkpoint{ChangelogOffset: 9})
	require.NoError(t, store.Apply(&b))
	require.NoError(t, db.Store("two").Clear())
	kept := copied.Store("one")
	value, _, err := kept.Get([]byte("ann"))
	require.NoError(t, err)
	require.Equal(t, "1", string(value))
	_, ok, err := kept.Get([]byte("bob"))
	require.NoError(t, err)
	require.False(t, ok)
	checkpoint, _, err := kept.Checkpoint()
	require.NoError(t, err)
	require.EqualValues(t, 5, checkpoint.ChangelogOffset)
}

func TestCorruptCheckpoint(t *testing.T) {
	db := New()
	store := db.Store("one")
	var b state.Batch
	b.SetCheckpoint(state.Checkpoint{ChangelogOffset: 5})
	require.NoError(t, store.Apply(&b))
	db.stores["one"].checkpoint[4] ^= 1
	_, _, err := store.Checkpoint()
	require.ErrorIs(t, err, state.ErrCorrupt)
	require.NoError(t, store.Clear())
	_, ok, err := store.Checkpoint()
	require.NoError(t, err)
	require.False(t, ok)
}

func TestScanShowsTheRowsOfItsBeginning(t *testing.T) {
	db := New()
	reader, writer := db.Store("one"), db.Store("one")
	apply(t, writer, "a", "1")
	apply(t, writer, "b", "1")
	var got []string
	require.NoError(t, reader.Scan(nil, nil, func(key, value []byte) bool {
		apply(t, writer, "b", "2")
		apply(t, writer, "c", "2")
		got = append(got, string(key)+string(value))
		return true
	}))
	require.Equal(t, []string{"a1", "b1"}, got)
}

// Two goroutines use two Stores of the same rows; the reader sees whole batches.
func TestBatchesAreWholeInsideABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := New()
		var wait sync.WaitGroup
		wait.Go(func() {
			store := db.Store("one")
			var b state.Batch
			for i := range 300 {
				b.Reset()
				for k := range 10 {
					b.Put(fmt.Appendf(nil, "%d", k), fmt.Appendf(nil, "%d", i))
				}
				if err := store.Apply(&b); err != nil {
					panic(err)
				}
			}
		})
		store := db.Store("one")
		for range 300 {
			seen := map[string]int{}
			require.NoError(t, store.Scan(nil, nil, func(_, value []byte) bool {
				seen[string(value)]++
				return true
			}))
			require.LessOrEqual(t, len(seen), 1, "a batch seen in part: %v", seen)
		}
		wait.Wait()
	})
}

func apply(t *testing.T, store state.Store, key, value string) {
	var b state.Batch
	b.Put([]byte(key), []byte(value))
	require.NoError(t, store.Apply(&b))
}
