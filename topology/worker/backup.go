package worker

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/abacus-stream/abacus/state/pebble"
)

// ErrInMemory says that there is no local state to back up: the stores are in memory.
var ErrInMemory = errors.New("the stores are in memory")

// storesDir is where the stores lie in a state directory.
func storesDir(stateDir string) string { return filepath.Join(stateDir, "stores") }

// Backup writes the stores of this instance to a directory that does not exist yet, while the app runs on. Each store
// comes with the changelog offset that it goes on from; what is committed since the last checkpoint, CheckpointEvery at
// the most, is in the changelog alone. Stores in memory are not in it. Errors, wrapped: ErrNotRunning, ErrInMemory,
// pebble.ErrExists, the disk's.
func (a *App) Backup(dir string) error {
	a.closing.Lock()
	defer a.closing.Unlock()
	if _, err := a.desk.tasks(a.topo.Subs[0]); err != nil {
		return fmt.Errorf("app %s: backup: %w", a.topo.App, err)
	}
	if a.engine.disk == nil {
		return fmt.Errorf("app %s: backup: %w", a.topo.App, ErrInMemory)
	}
	return a.engine.disk.Backup(dir)
}

// Restore makes the stores of a state directory, which has none yet, of a backup. The next app there replays what its
// changelogs have had since, and gets an instance id of its own if the directory has none. A backup whose changelog
// topics have been created anew since, or that is older than the tombstones they keep, is rebuilt from them whole.
// Errors, wrapped: pebble.ErrExists, state.ErrCorrupt, the disk's.
func Restore(backup, stateDir string) error {
	return pebble.Restore(backup, storesDir(stateDir))
}
