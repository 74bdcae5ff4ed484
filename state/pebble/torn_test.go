package pebble

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/state"
)

// A directory with a file that is torn or not there is corrupt, whatever the engine would make of it, and can be
// opened empty.
func TestATornDirectoryIsCorrupt(t *testing.T) {
	cut := func(path string) error { return os.Truncate(path, 30) }
	for name, tear := range map[string]struct {
		files string
		do    func(string) error
	}{
		"manifest gone":           {"MANIFEST-*", os.Remove},
		"manifest cut":            {"MANIFEST-*", cut},
		"manifest and marks gone": {"*MANIFEST-*", os.Remove},
		"table gone":              {"*.sst", os.Remove},
		"table cut":               {"*.sst", cut},
		"marked":                  {"LOCK", func(path string) error { return os.WriteFile(filepath.Join(filepath.Dir(path), mark), nil, 0o600) }},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			db := openDB(t, dir)
			apply(t, db.Store("one"), "ann", "1")
			require.NoError(t, db.engine.Flush())
			require.NoError(t, db.Close())
			paths, err := filepath.Glob(filepath.Join(dir, tear.files))
			require.NoError(t, err)
			require.NotEmpty(t, paths)
			for _, path := range paths {
				require.NoError(t, tear.do(path))
			}
			_, err = Open(dir)
			require.ErrorIs(t, err, state.ErrCorrupt)
			require.ErrorContains(t, err, dir)
			db, err = Disk{}.OpenEmpty(dir)
			require.NoError(t, err)
			require.Zero(t, countRows(t, db.Store("one"), ""))
			_, err = Disk{}.OpenEmpty(dir)
			require.ErrorIs(t, err, ErrLocked)
			apply(t, db.Store("one"), "bob", "2")
			require.NoError(t, db.Close())
			db = openDB(t, dir)
			require.Equal(t, 1, countRows(t, db.Store("one"), "2"))
		})
	}
}

// Damage that a read has found is remembered, as the files it lies in may not be read again.
func TestFoundDamageIsRemembered(t *testing.T) {
	dir := t.TempDir()
	db := openDB(t, dir)
	damage := state.ErrCorrupt
	db.damaged.Store(&damage)
	require.NoError(t, db.Close())
	_, err := Open(dir)
	require.ErrorIs(t, err, state.ErrCorrupt)
	require.ErrorContains(t, err, "found when it was open last")
}
