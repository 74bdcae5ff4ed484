package pebble

import (
	"io/fs"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/abacus-stream/abacus/state"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
)

// How long a condition may take to come true, and how often it is looked at.
const waitLimit, tick = 30 * time.Second, 5 * time.Millisecond

// trouble is a disk whose calls of some kind fail while it is set.
type trouble struct {
	on    atomic.Bool
	with  error
	fails func(errorfs.Op) bool
}

func (d *trouble) String() string { return "trouble" }

func (d *trouble) MaybeError(op errorfs.Op) error {
	if d.on.Load() && d.fails(op) {
		return &fs.PathError{Op: "write", Path: op.Path, Err: d.with}
	}
	return nil
}

// ofFiles are the calls that take room, of files with some ending; "" is any.
func ofFiles(ending string) func(errorfs.Op) bool {
	return func(op errorfs.Op) bool {
		of := ending == "" || filepath.Ext(op.Path) == ending || len(filepath.Base(op.Path)) > len(ending) && filepath.Base(op.Path)[:len(ending)] == ending
		return of && (op.Kind == errorfs.OpCreate || op.Kind == errorfs.OpFileWrite || op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpReuseForWrite)
	}
}

// A disk that is full, whichever file meets it, is an error of its name and no end of the process, and what lies there is
// whole up to some batch: once there is room the stores go on from it.
func TestAFullDiskIsAnErrorAndLeavesWholeBatches(t *testing.T) {
	for _, files := range []string{".log", ".sst", "MANIFEST", ""} {
		t.Run("files "+files, func(t *testing.T) {
			t.Parallel()
			disk, full := vfs.NewMem(), &trouble{with: syscall.ENOSPC, fails: ofFiles(files)}
			db, err := Disk{errorfs.Wrap(disk, full)}.Open("state")
			require.NoError(t, err)
			store := db.Store("0_0/a")
			applied, begun := int64(0), int64(0)
			for i := int64(1); err == nil && i <= 20_000; i++ {
				full.on.Store(i > 200)
				begun = i
				if err = store.Apply(stepBatch(i)); err == nil {
					applied = i
				}
				if err == nil && i > 200 && i%50 == 0 {
					err = db.guard(func() error { _, err := db.engine.AsyncFlush(); return err })
				}
				if i > 300 && files == ".sst" {
					break // flushes are tried again, and rows wait in the write-ahead log
				}
			}
			if err == nil {
				require.Eventually(t, func() bool { return db.Err() != nil }, waitLimit, tick)
				err = db.Err()
			}
			require.ErrorIs(t, err, syscall.ENOSPC)
			require.ErrorContains(t, err, "state")
			if files == ".sst" {
				full.on.Store(false)
				require.NoError(t, db.engine.Flush())
				require.NoError(t, db.Err(), "there is room again")
				require.NoError(t, store.Apply(stepBatch(applied+1)))
				applied, begun = applied+1, begun+1
			} else {
				require.ErrorIs(t, err, ErrFailed)
				_, _, err = store.Get([]byte("row 1"))
				require.ErrorIs(t, err, ErrFailed)
				require.ErrorIs(t, store.Clear(), ErrFailed)
				require.Zero(t, db.Bytes())
			}
			_ = db.Close()
			full.on.Store(false)
			db, err = Disk{disk}.Open("state")
			require.NoError(t, err)
			at := requireStep(t, db.Store("0_0/a"))
			require.LessOrEqual(t, at, begun)
			t.Logf("applied %d, found %d", applied, at)
			require.NoError(t, db.Close())
		})
	}
}

// A directory that cannot be made, locked or written is an error of the disk: nothing is rebuilt in it.
func TestAReadOnlyDirectoryIsAnErrorOfTheDisk(t *testing.T) {
	for _, with := range []error{syscall.EROFS, syscall.EACCES, syscall.ENOSPC, syscall.EIO} {
		for _, kind := range []errorfs.OpKind{errorfs.OpMkdirAll, errorfs.OpLock, errorfs.OpCreate, errorfs.OpFileWrite, errorfs.OpFileSync, errorfs.OpRename, errorfs.OpOpen} {
			disk := vfs.NewMem()
			db, err := Disk{disk}.Open("state")
			require.NoError(t, err)
			require.NoError(t, db.Store("one").Apply(stepBatch(1)))
			require.NoError(t, db.Close())
			bad := &trouble{with: with, fails: func(op errorfs.Op) bool { return op.Kind == kind }}
			bad.on.Store(true)
			db, err = Disk{errorfs.Wrap(disk, bad)}.Open("state")
			if err == nil { // the engine has not come by such a call, or done without
				_ = db.Close()
			} else {
				require.ErrorIs(t, err, with, "%v %v", with, kind)
				require.NotErrorIs(t, err, state.ErrCorrupt)
				require.NotErrorIs(t, err, ErrLocked)
			}
			db, err = Disk{disk}.Open("state")
			require.NoError(t, err)
			require.EqualValues(t, 1, requireStep(t, db.Store("one")))
			require.NoError(t, db.Close())
		}
	}
}
