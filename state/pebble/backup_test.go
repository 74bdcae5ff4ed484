package pebble

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/state"
)

// A backup has every store as it was, with the offset to go on from, whatever is written afterwards.
func TestARestoredBackupIsTheStoresOfItsMoment(t *testing.T) {
	home := t.TempDir()
	db, err := Open(filepath.Join(home, "stores"))
	require.NoError(t, err)
	write := func(name string, offset int64) {
		var b state.Batch
		for i := range 1000 {
			b.Put(fmt.Appendf(nil, "key %d", i), fmt.Appendf(nil, "%s at %d", name, offset))
		}
		b.SetCheckpoint(state.Checkpoint{ChangelogOffset: offset})
		require.NoError(t, db.Store(name).Apply(&b))
	}
	write("one", 7)
	write("two", 9)
	backup := filepath.Join(home, "backup")
	require.NoError(t, db.Backup(backup))
	write("one", 100)
	require.ErrorIs(t, db.Backup(backup), ErrExists)
	require.NoError(t, db.Close())
	for _, name := range []string{"restored", "again"} {
		dir := filepath.Join(home, name, "stores")
		require.NoError(t, Restore(backup, dir))
		require.ErrorIs(t, Restore(backup, dir), ErrExists)
		restored, err := Open(dir)
		require.NoError(t, err)
		for store, offset := range map[string]int64{"one": 7, "two": 9} {
			checkpoint, ok, err := restored.Store(store).Checkpoint()
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, offset, checkpoint.ChangelogOffset)
			rows := 0
			require.NoError(t, restored.Store(store).Scan(nil, nil, func(_, value []byte) bool {
				require.Equal(t, fmt.Sprintf("%s at %d", store, offset), string(value))
				rows++
				return true
			}))
			require.Equal(t, 1000, rows)
		}
		require.NoError(t, restored.Close())
	}
}

// A file of the backup that is gone or cut makes no state directory.
func TestATornBackupIsRefused(t *testing.T) {
	home := t.TempDir()
	db, err := Open(filepath.Join(home, "stores"))
	require.NoError(t, err)
	var b state.Batch
	b.Put([]byte("key"), make([]byte, 100_000))
	require.NoError(t, db.Store("one").Apply(&b))
	require.NoError(t, db.engine.Flush())
	backup := filepath.Join(home, "backup")
	require.NoError(t, db.Backup(backup))
	require.NoError(t, db.Close())
	tables, err := filepath.Glob(filepath.Join(backup, "*.sst"))
	require.NoError(t, err)
	require.NotEmpty(t, tables)
	require.NoError(t, os.Truncate(tables[0], 10))
	dir := filepath.Join(home, "restored")
	require.Error(t, Restore(backup, dir))
	require.NoDirExists(t, dir)
	require.NoDirExists(t, dir+".part")
	require.Error(t, Restore(filepath.Join(home, "nowhere"), dir))
}

// A backup to a disk that is full fails and leaves nothing; the stores go on.
func TestABackupToAFullDiskHarmsNothing(t *testing.T) {
	disk := vfs.NewMem()
	vital := ofFiles("MANIFEST")
	full := &trouble{with: syscall.ENOSPC, fails: func(op errorfs.Op) bool { return filepath.Dir(op.Path) == "backup" && vital(op) }}
	db, err := Disk{errorfs.Wrap(disk, full)}.Open("state")
	require.NoError(t, err)
	store := db.Store("one")
	require.NoError(t, store.Apply(stepBatch(1)))
	full.on.Store(true)
	err = db.Backup("backup")
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "back up state to backup")
	require.NoError(t, store.Apply(stepBatch(2)))
	require.NoError(t, db.Err())
	full.on.Store(false)
	require.NoError(t, db.Backup("backup"))
	require.NoError(t, db.Close())
	db, err = Disk{disk}.Open("backup")
	require.NoError(t, err)
	require.EqualValues(t, 2, requireStep(t, db.Store("one")))
	require.NoError(t, db.Close())
}
