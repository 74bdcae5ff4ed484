package pebble

import (
	"errors"
	"io"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/state"
)

// Whichever file of a directory is cut, emptied, gone or has a bit flipped, with tables, several write-ahead logs and all: it
// is corrupt when it is opened or read, or it is whole up to some batch. It is never anything between.
func TestNoDamageIsTakenForData(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 1))
	disk := lived(t)
	names, err := disk.List("state")
	require.NoError(t, err)
	outcomes := map[string]int{}
	for _, name := range names {
		if name == lockFile {
			continue
		}
		whole := content(t, disk, "state/"+name)
		damaged := [][]byte{nil, {}, whole[:len(whole)/2]}
		for range 12 {
			flipped := append([]byte{}, whole...)
			if len(flipped) > 0 {
				flipped[chance.IntN(len(flipped))] ^= 1 << chance.IntN(8)
			}
			damaged = append(damaged, flipped, whole[:chance.IntN(len(whole)+1)])
		}
		for _, data := range damaged {
			copied := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: chance})
			if data == nil {
				require.NoError(t, copied.Remove("state/"+name))
			} else {
				overwrite(t, copied, "state/"+name, data)
			}
			outcomes[outcome(t, copied)]++
		}
	}
	t.Log(outcomes)
	require.NotZero(t, outcomes["corrupt"])
	require.NotZero(t, outcomes["whole"])
}

// outcome is what becomes of a directory that was damaged.
func outcome(t *testing.T, disk vfs.FS) string {
	db, err := Disk{disk}.Open("state")
	if err != nil {
		require.ErrorIs(t, err, state.ErrCorrupt)
		return "corrupt"
	}
	defer func() { require.NoError(t, db.Close()) }()
	store := db.Store("one")
	if _, _, err := store.Checkpoint(); err != nil {
		require.ErrorIs(t, err, state.ErrCorrupt)
		return "corrupt when read"
	}
	if err := store.Scan(nil, nil, func(_, _ []byte) bool { return true }); err != nil {
		require.ErrorIs(t, err, state.ErrCorrupt)
		return "corrupt when read"
	}
	requireStep(t, store)
	return "whole"
}

// lived is a disk with a state directory whose rows lie in two tables and in several logs.
func lived(t *testing.T) *vfs.MemFS {
	disk := vfs.NewCrashableMem()
	full := &trouble{with: syscall.ENOSPC, fails: ofFiles(".sst")}
	db, err := Disk{errorfs.Wrap(disk, full)}.Open("state")
	require.NoError(t, err)
	store := db.Store("one")
	for i := int64(1); i <= 500; i++ {
		require.NoError(t, store.Apply(stepBatch(i)))
		switch {
		case i == 100, i == 200:
			require.NoError(t, db.engine.Flush())
		case i == 300:
			full.on.Store(true)
			fallthrough
		case i == 400:
			_, err := db.engine.AsyncFlush() // begins a log, and the one before stays
			require.NoError(t, err)
		}
	}
	copied := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))})
	full.on.Store(false)
	require.NoError(t, db.Close())
	return copied
}

func content(t *testing.T, disk vfs.FS, name string) []byte {
	f, err := disk.Open(name)
	require.NoError(t, err)
	data, err := io.ReadAll(f)
	require.NoError(t, errors.Join(err, f.Close()))
	return data
}

func overwrite(t *testing.T, disk vfs.FS, name string, data []byte) {
	f, err := disk.Create(name, vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	_, err = f.Write(data)
	require.NoError(t, errors.Join(err, f.Sync(), f.Close()))
}
