package worker

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology"
)

// lived gives the settings of an app that has counted records of so many words, its rows in tables of the engine.
func (c *cluster) lived(records, words int) Config {
	c.t.Helper()
	cfg := Config{Workers: 1, StateDir: c.t.TempDir()}
	for n := range 2 { // the second start writes into tables what the first has left in the write-ahead log
		stop := c.startApp("app", cfg)
		c.words(records/2*n, records/2, words)
		c.eventually(int64(records / 2 * (n + 1)))
		require.NoError(c.t, stop())
	}
	return cfg
}

// Whatever a state directory looks like at the start: what cannot be read is rebuilt, and that is told.
func TestATornStateDirectoryIsRebuilt(t *testing.T) {
	for name, tear := range map[string]func(t *testing.T, stores string){
		"manifest gone":    func(t *testing.T, stores string) { each(t, stores, "MANIFEST-*", os.Remove) },
		"all of it gone":   func(t *testing.T, stores string) { each(t, stores, "*MANIFEST-*", os.Remove) },
		"manifest cut":     func(t *testing.T, stores string) { each(t, stores, "MANIFEST-*", halve) },
		"manifest flipped": func(t *testing.T, stores string) { each(t, stores, "MANIFEST-*", flipMiddle) },
		"table cut":        func(t *testing.T, stores string) { each(t, stores, "*.sst", halve) },
		"table gone":       func(t *testing.T, stores string) { each(t, stores, "*.sst", os.Remove) },
		"table empty":      func(t *testing.T, stores string) { each(t, stores, "*.sst", empty) },
		"checkpoint torn":  tearCheckpoints,
		"found damaged once": func(t *testing.T, stores string) {
			require.NoError(t, os.WriteFile(filepath.Join(stores, "DAMAGED"), nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			cfg := c.lived(300, 13)
			tear(t, storesDir(cfg.StateDir))
			log, told := said()
			cfg.Logger = log
			stop := c.startApp("app", cfg)
			c.words(300, 130, 13)
			c.eventually(430)
			require.True(t, told("state is rebuilt", "corrupt"))
			require.NoError(t, stop())
			log, told = said()
			cfg.Logger = log
			c.startApp("app", cfg)
			c.words(430, 70, 13)
			c.eventually(500)
			require.False(t, told("state is rebuilt", ""), "it is whole again")
		})
	}
}

// A write-ahead log that is cut is one that ends earlier: what it lacks is replayed.
func TestACutWriteAheadLogIsReplayed(t *testing.T) {
	for name, tear := range map[string]func(path string) error{"cut": halve, "flipped": flipMiddle, "gone": os.Remove, "empty": empty} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			cfg := c.lived(300, 13)
			each(t, storesDir(cfg.StateDir), "*.log", tear)
			c.startApp("app", cfg)
			c.words(300, 130, 13)
			c.eventually(430)
		})
	}
}

// Damage that shows only when a row is read stops the app with its name. The next start rebuilds.
func TestDamageFoundInProcessingStopsAndIsRebuilt(t *testing.T) {
	c := newCluster(t)
	const words = 20_000
	cfg := c.lived(2*words, words)
	each(t, storesDir(cfg.StateDir), "*.sst", flipMiddle) // far from what is read at the start
	log, told := said()
	cfg.Logger = log
	cfg.Policies.Failing = topology.Retry{Then: topology.DeadLetter, Tries: 1} // not a fault of the record
	c.words(0, words, words)
	require.ErrorContains(t, c.runs(cfg), "state directory "+cfg.StateDir+" is damaged, start the app again")
	require.False(t, told("state is rebuilt", ""))
	c.startApp("app", cfg)
	c.eventually(3 * words)
	require.True(t, told("state is rebuilt", "found when it was open last"))
}

// A copy of an old state directory that is put back goes on from where it is.
func TestAnOldStateDirectoryPutBackCatchesUp(t *testing.T) {
	c := newCluster(t)
	cfg := c.lived(300, 13)
	old := filepath.Join(t.TempDir(), "old")
	require.NoError(t, os.CopyFS(old, os.DirFS(cfg.StateDir)))
	stop := c.startApp("app", cfg)
	c.words(300, 200, 17)
	c.eventually(500)
	require.NoError(t, stop())
	require.NoError(t, os.RemoveAll(cfg.StateDir))
	require.NoError(t, os.Rename(old, cfg.StateDir))
	app, _ := c.run(cfg)
	c.words(500, 100, 17)
	c.eventually(600)
	require.Equal(t, c.last("counts"), countsIn(t, c.counts(app), Span{}))
}

// A copy made while the app wrote is of files of different moments: it is rebuilt or caught up, never believed.
func TestACopyOfARunningStateDirectoryCatchesUp(t *testing.T) {
	c := newCluster(t)
	cfg := c.lived(300, 13)
	cfg.CheckpointEvery = 5 * time.Millisecond
	stop := c.startApp("app", cfg)
	copied := filepath.Join(t.TempDir(), "copy")
	for n := range 10 {
		c.words(300+20*n, 20, 17)
		c.eventually(int64(320 + 20*n))
		if n == 5 {
			require.NoError(t, os.CopyFS(copied, os.DirFS(cfg.StateDir)))
		}
	}
	require.NoError(t, stop())
	cfg.StateDir = copied
	app, _ := c.run(cfg)
	c.words(500, 100, 17)
	c.eventually(600)
	require.Equal(t, c.last("counts"), countsIn(t, c.counts(app), Span{}))
}

// each does something with the files of a pattern, of which there is one at least.
func each(t *testing.T, dir, pattern string, do func(path string) error) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, pattern))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		require.NoError(t, do(path))
	}
}

func empty(path string) error { return os.Truncate(path, 0) }

func halve(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, info.Size()/2)
}

func flipMiddle(path string) error {
	data, err := os.ReadFile(path)
	if err != nil || len(data) == 0 {
		return err
	}
	data[len(data)/2] ^= 1
	return os.WriteFile(path, data, 0o600)
}

// tearCheckpoints cuts the last byte off each checkpoint.
func tearCheckpoints(t *testing.T, stores string) {
	t.Helper()
	db, err := pebble.Open(stores, &pebble.Options{FormatMajorVersion: pebble.FormatTableFormatV6})
	require.NoError(t, err)
	rows, err := db.NewIter(nil)
	require.NoError(t, err)
	torn := 0
	for ok := rows.First(); ok; ok = rows.Next() {
		key := rows.Key()
		if key[len(key)-1] == 0 && len(key) > 1 && key[0] == 1 && len(key) == 3+int(key[1]) {
			require.NoError(t, db.Set(key, rows.Value()[:len(rows.Value())-1], pebble.Sync))
			torn++
		}
	}
	require.NoError(t, rows.Close())
	require.NotZero(t, torn)
	require.NoError(t, db.Close())
}
