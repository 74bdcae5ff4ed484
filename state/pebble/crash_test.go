package pebble

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/abacus-stream/abacus/state"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
)

// After a crash that keeps any part of what was never synced, each store is exactly at the batch its checkpoint names.
func TestCrashLeavesWholeBatches(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			disk := vfs.NewCrashableMem()
			db, err := Disk{disk}.Open("state")
			require.NoError(t, err)
			stores := []state.Store{db.Store("0_0/a"), db.Store("0_1/a")}
			for i := int64(1); i <= 400; i++ {
				for _, store := range stores {
					require.NoError(t, store.Apply(stepBatch(i)))
				}
			}
			chance := rand.New(rand.NewPCG(seed, 1))
			crashed := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: int(seed) * 100 / 7, RNG: chance})
			require.NoError(t, db.Close())

			db, err = Disk{crashed}.Open("state")
			require.NoError(t, err)
			first := requireStep(t, db.Store("0_0/a"))
			second := requireStep(t, db.Store("0_1/a"))
			require.LessOrEqual(t, second, first, "batches are lost from the end only")
			require.LessOrEqual(t, first-second, int64(1))
			require.NoError(t, db.Close())
		})
	}
}

// stepBatch writes i into ten rows, a row of its own, and the checkpoint.
func stepBatch(i int64) *state.Batch {
	var b state.Batch
	value := binary.BigEndian.AppendUint64(nil, uint64(i))
	for k := range 10 {
		b.Put(fmt.Appendf(nil, "row %d", k), value)
	}
	b.Put(fmt.Appendf(nil, "step %d", i), value)
	b.SetCheckpoint(state.Checkpoint{ChangelogOffset: i})
	return &b
}

func requireStep(t *testing.T, store state.Store) int64 {
	c, ok, err := store.Checkpoint()
	require.NoError(t, err)
	if !ok {
		require.NoError(t, store.Scan(nil, nil, func(key, _ []byte) bool {
			t.Errorf("row %q without a checkpoint", key)
			return true
		}))
		return 0
	}
	steps := int64(0)
	require.NoError(t, store.Scan(nil, nil, func(key, value []byte) bool {
		if key[0] == 's' {
			steps++
			return true
		}
		require.EqualValues(t, c.ChangelogOffset, binary.BigEndian.Uint64(value), "row %q", key)
		return true
	}))
	require.Equal(t, c.ChangelogOffset, steps)
	return steps
}
