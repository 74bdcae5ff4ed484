package pebble

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/storetest"
	engine "github.com/cockroachdb/pebble/v2"
	"github.com/stretchr/testify/require"
)

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (state.Store, func() state.Store) {
		dir := t.TempDir()
		db := openDB(t, dir)
		return db.Store("0_1/counts"), func() state.Store {
			require.NoError(t, db.Close())
			db = openDB(t, dir)
			return db.Store("0_1/counts")
		}
	})
}

func TestNoPrefixReachesAnother(t *testing.T) {
	db := openDB(t, t.TempDir())
	prefixes := []string{"", "a", "ab", "a\x00", "a\xff", "\x01a", string(make([]byte, 200))}
	for _, prefix := range prefixes {
		apply(t, db.Store(prefix), "", prefix)
		apply(t, db.Store(prefix), "b", prefix)
		apply(t, db.Store(prefix), "\xff\xff", prefix)
	}
	for i, prefix := range prefixes {
		require.Equal(t, 3, countRows(t, db.Store(prefix), prefix))
		require.NoError(t, db.Store(prefix).Clear())
		for _, other := range prefixes[i+1:] {
			require.Equal(t, 3, countRows(t, db.Store(other), other), "clearing %q touched %q", prefix, other)
		}
	}
}

func TestDirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	db := openDB(t, dir)
	_, err := Open(dir)
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, dir)
	require.ErrorContains(t, err, "another process uses this state directory")
	require.NoError(t, db.Close())
	require.NoError(t, db.Close(), "closing twice")
	again, err := Open(dir)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

func TestOpenWhereAFileIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err := Open(path)
	require.ErrorContains(t, err, path)
	require.NotErrorIs(t, err, ErrLocked)
}

func TestStoresOfAClosedDB(t *testing.T) {
	db := openDB(t, t.TempDir())
	store := db.Store("one")
	require.NoError(t, db.Close())
	_, _, err := store.Get([]byte("ann"))
	require.ErrorIs(t, err, state.ErrClosed)
	require.ErrorIs(t, store.Apply(new(state.Batch)), state.ErrClosed)
	require.NoError(t, store.Close())
}

func TestCorruptCheckpoint(t *testing.T) {
	db := openDB(t, t.TempDir())
	store := newStore(db, "one")
	var b state.Batch
	b.SetCheckpoint(state.Checkpoint{ChangelogOffset: 5})
	require.NoError(t, store.Apply(&b))
	encoded := append([]byte{}, b.Checkpoint()...)
	for i := range encoded {
		encoded[i] ^= 1
		require.NoError(t, db.engine.Set(store.checkpointKey(), encoded, engine.NoSync))
		_, _, err := store.Checkpoint()
		require.ErrorIs(t, err, state.ErrCorrupt, "byte %d", i)
		require.ErrorContains(t, err, `store "one"`)
		encoded[i] ^= 1
	}
	require.NoError(t, db.engine.Set(store.checkpointKey(), encoded[:9], engine.NoSync))
	_, _, err := store.Checkpoint()
	require.ErrorIs(t, err, state.ErrCorrupt)
}

func TestLayoutOfANewerProgram(t *testing.T) {
	dir := t.TempDir()
	db := openDB(t, dir)
	require.NoError(t, db.engine.Set(layoutKey, []byte{layoutVersion + 1}, engine.Sync))
	require.NoError(t, db.Close())
	_, err := Open(dir)
	require.ErrorIs(t, err, state.ErrCorrupt)
	require.ErrorContains(t, err, "layout 02, this program reads 1")
	_, err = Open(dir)
	require.NotErrorIs(t, err, ErrLocked, "a failed Open frees the directory")
}

func TestDamagedLayout(t *testing.T) {
	dir := t.TempDir()
	db := openDB(t, dir)
	require.NoError(t, db.engine.Flush())
	require.NoError(t, db.Close())
	for _, path := range tables(t, dir) {
		flipByte(t, path, 3)
	}
	_, err := Open(dir)
	require.ErrorIs(t, err, state.ErrCorrupt)
	require.ErrorContains(t, err, dir)
}

func TestDamagedTable(t *testing.T) {
	dir := t.TempDir()
	db := openDB(t, dir)
	require.NoError(t, db.engine.Flush())
	for i := range 1000 { // more than the block that a start reads as well
		apply(t, db.Store("one"), fmt.Sprintf("ann %03d", i), rand.Text()+rand.Text()+rand.Text())
	}
	require.NoError(t, db.engine.Flush())
	require.NoError(t, db.Close())
	for _, path := range tables(t, dir) {
		if info, err := os.Stat(path); err == nil && info.Size() > 10_000 {
			flipByte(t, path, int(info.Size()/2))
		}
	}

	db = openDB(t, dir)
	if err := db.Err(); err != nil { // the engine looks at its tables by itself
		require.ErrorIs(t, err, state.ErrCorrupt)
	}
	var err error
	for i := 0; err == nil && i < 1000; i++ {
		_, _, err = db.Store("one").Get(fmt.Appendf(nil, "ann %03d", i))
	}
	require.ErrorIs(t, err, state.ErrCorrupt)
	require.ErrorContains(t, err, `store "one"`)
	err = db.Store("one").Scan(nil, nil, func(_, _ []byte) bool { return true })
	require.ErrorIs(t, err, state.ErrCorrupt)
	require.ErrorIs(t, db.Err(), state.ErrCorrupt)
	require.NoError(t, db.Close())
}

func TestBackgroundErrorsStayUntilAFlush(t *testing.T) {
	db := openDB(t, t.TempDir())
	listener, full := db.listener(), errors.New("disk full")
	listener.BackgroundError(full)
	require.ErrorIs(t, db.Err(), full)
	listener.FlushEnd(engine.FlushInfo{Err: full})
	require.ErrorIs(t, db.Err(), full)
	apply(t, db.Store("one"), "ann", "1")
	require.NoError(t, db.engine.Flush())
	require.NoError(t, db.Err())
}

func TestReadersSeeWholeBatches(t *testing.T) {
	db := openDB(t, t.TempDir())
	var wait sync.WaitGroup
	wait.Go(func() {
		store := db.Store("one")
		for i := range int64(300) {
			if err := store.Apply(stepBatch(i)); err != nil {
				panic(err)
			}
		}
	})
	store := db.Store("one")
	for range 300 {
		seen := map[string]int{}
		require.NoError(t, store.Scan([]byte("row"), []byte("step"), func(_, value []byte) bool {
			seen[string(value)]++
			return true
		}))
		require.LessOrEqual(t, len(seen), 1, "a batch seen in part: %v", seen)
	}
	wait.Wait()
	require.NoError(t, db.Err())
}

func openDB(t *testing.T, dir string) *DB {
	db, err := Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func apply(t *testing.T, store state.Store, key, value string) {
	var b state.Batch
	b.Put([]byte(key), []byte(value))
	require.NoError(t, store.Apply(&b))
}

func countRows(t *testing.T, store state.Store, want string) int {
	n := 0
	require.NoError(t, store.Scan(nil, nil, func(_, value []byte) bool {
		require.Equal(t, want, string(value))
		n++
		return true
	}))
	return n
}

func tables(t *testing.T, dir string) []string {
	paths, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return paths
}

func flipByte(t *testing.T, path string, at int) {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	data[at] ^= 1
	require.NoError(t, os.WriteFile(path, data, 0o600))
}
