package worker

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/abacus-stream/abacus/state/pebble"
)

// A store restored from a backup goes on from the offset it was backed up at: it replays what came since and no more.
func TestARestoredStoreGoesOnFromItsOffset(t *testing.T) {
	c := newCluster(t)
	backup := filepath.Join(t.TempDir(), "backup")
	app, stop := c.run(Config{Workers: 1, StateDir: t.TempDir(), CheckpointEvery: 10 * time.Millisecond})
	c.words(0, 2000, 500)
	c.eventually(2000)
	s := c.counts(app)
	require.Eventually(t, func() bool { return engineRows(t, s) == 500 }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, app.Backup(backup))
	require.ErrorIs(t, app.Backup(backup), pebble.ErrExists)
	c.words(2000, 30, 500)
	c.eventually(2030)
	require.NoError(t, stop())
	require.ErrorIs(t, app.Backup(backup+"2"), ErrNotRunning)

	dir := t.TempDir()
	require.NoError(t, Restore(backup, dir))
	require.ErrorIs(t, Restore(backup, dir), pebble.ErrExists)
	core, journal := observer.New(zap.InfoLevel)
	again, _ := c.run(Config{Workers: 1, StateDir: dir, Logger: zap.New(core)})
	c.words(2030, 70, 500)
	c.eventually(2100)
	require.Equal(t, c.last("counts"), countsIn(t, c.counts(again), Span{}))
	require.NotEqual(t, app.engine.instance, again.engine.instance, "the instance id came with the backup")
	var replayed int64
	for _, e := range journal.FilterMessage("restored").All() {
		replayed += e.ContextMap()["records"].(int64)
	}
	require.GreaterOrEqual(t, replayed, int64(30))
	require.Less(t, replayed, int64(500), "the stores were replayed whole")
	require.Zero(t, journal.FilterMessage("state is rebuilt from the changelog").Len())
}

// engineRows counts the rows of a store that its engine has.
func engineRows(t *testing.T, s *Store) (rows int) {
	for _, p := range s.Held() {
		err := s.app.ask(t.Context(), at(s.sub.ID, int(p)), func(r *running) error {
			return r.task.Table(s.name).Store().Scan(nil, nil, func(_, _ []byte) bool { rows++; return true })
		})
		require.NoError(t, err)
	}
	return rows
}

func TestStoresInMemoryAreNotBackedUp(t *testing.T) {
	c := newCluster(t)
	app, _ := c.run(Config{Workers: 1, Memory: true})
	c.held(c.counts(app), partitions)
	require.ErrorIs(t, app.Backup(filepath.Join(t.TempDir(), "backup")), ErrInMemory)
}
