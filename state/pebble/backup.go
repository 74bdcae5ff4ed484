package pebble

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	engine "github.com/cockroachdb/pebble/v2"
)

// ErrExists says that a directory to be written is there already.
var ErrExists = errors.New("pebble: the directory exists")

// Backup writes all stores, as they are at one moment and each with its checkpoint, to a directory that does not exist
// yet; its parent does. Where the file system can, files are linked, not copied. Stores may be written meanwhile. A
// backup that failed leaves nothing. Errors: ErrExists, the disk's.
func (db *DB) Backup(dir string) error {
	err := db.guard(func() error { return db.engine.Checkpoint(dir, engine.WithFlushedWAL()) })
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", ErrExists, dir)
	}
	if err != nil {
		return fmt.Errorf("pebble: back up %s to %s: %w", db.dir, dir, wrap(err))
	}
	return nil
}

// Restore makes a state directory that does not exist yet of a backup, which stays as it is: files are copied. What was
// copied is read before it gets its name, so that a backup that is torn makes no state directory. Errors: ErrExists,
// state.ErrCorrupt, ErrLocked, the disk's.
func Restore(backup, dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("%w: %s", ErrExists, dir)
	}
	if _, err := os.Stat(backup); err != nil {
		return fmt.Errorf("pebble: restore from %s: %w", backup, err)
	}
	part := dir + ".part"
	err := errors.Join(os.RemoveAll(part), os.MkdirAll(filepath.Dir(dir), 0o755))
	if err == nil {
		err = copied(backup, part)
	}
	if err == nil {
		err = os.Rename(part, dir)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("pebble: restore %s from %s: %w", dir, backup, err), os.RemoveAll(part))
	}
	return nil
}

// copied copies a backup and reads every table of the copy.
func copied(backup, part string) error {
	if err := os.CopyFS(part, os.DirFS(backup)); err != nil {
		return err
	}
	db, err := Open(part)
	if err != nil {
		return err
	}
	return errors.Join(wrap(db.engine.CheckLevels(nil)), db.Close())
}
