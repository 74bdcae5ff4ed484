package worker

import (
	"encoding/binary"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/state/pebble"
)

// badDisk gives the disk of the system, of which everything that writes fails while it is bad, and a switch.
func badDisk(with error) (pebble.Disk, *atomic.Bool) {
	var bad atomic.Bool
	return pebble.Disk{FS: errorfs.Wrap(vfs.Default, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if bad.Load() && op.Kind.ReadOrWrite() == errorfs.OpIsWrite && op.Kind != errorfs.OpRemove && op.Kind != errorfs.OpFileClose {
			return &fs.PathError{Op: "write", Path: op.Path, Err: with}
		}
		return nil
	}))}, &bad
}

// A disk that fills up stops the app, which says so and what to do. With room again it goes on.
func TestAFullDiskStopsTheApp(t *testing.T) {
	for _, workers := range []int{1, 2} {
		c := newCluster(t)
		disk, full := badDisk(syscall.ENOSPC)
		cfg := Config{Workers: workers, StateDir: t.TempDir(), CheckpointEvery: 5 * time.Millisecond, disk: disk}
		a, err := New(counting(t, "app"), c.to(cfg))
		require.NoError(t, err)
		ended := make(chan error, 1)
		go func() { ended <- a.Run(t.Context()) }()
		c.alive.Add(1)
		c.words(0, 300, 13)
		c.eventually(300)
		full.Store(true)
		records := 300
		for err = nil; err == nil; records += 1000 {
			c.words(records, 1000, 1000)
			select {
			case err = <-ended:
			case <-time.After(tick):
			}
		}
		c.alive.Add(-1)
		require.ErrorIs(t, err, syscall.ENOSPC)
		require.ErrorContains(t, err, "state directory "+cfg.StateDir+" is full, make room and start the app again")
		require.ErrorIs(t, c.runs(cfg), syscall.ENOSPC, "it is full still")
		full.Store(false)
		app, _ := c.run(cfg)
		c.eventually(int64(records))
		all := Span{Partitions: []int32{0, 1, 2, 3}} // while the second worker joins not all of them are held
		require.Eventually(t, func() bool {
			rows := map[string]int64{}
			for row, err := range c.counts(app).Range(t.Context(), all) {
				if err != nil {
					return false
				}
				rows[string(row.Key)] = int64(binary.BigEndian.Uint64(row.Value))
			}
			return maps.Equal(c.last("counts"), rows)
		}, waitLimit, tick, "the stores are not what the topic tells")
	}
}

// to adds what an app needs to reach the cluster.
func (c *cluster) to(cfg Config) Config {
	cfg.Brokers = c.brokers
	return cfg
}

// A state directory that is read-only, or none, is told with what to do about it, and nothing is rebuilt.
func TestAStateDirectoryThatCannotBeWrittenIsTold(t *testing.T) {
	c := newCluster(t)
	dir := t.TempDir()
	for _, with := range []error{syscall.EROFS, syscall.EACCES} {
		disk, bad := badDisk(with)
		bad.Store(true)
		log, told := said()
		err := c.runs(Config{Workers: 1, StateDir: dir, Logger: log, disk: disk})
		require.ErrorIs(t, err, with)
		require.ErrorContains(t, err, "state directory "+dir+" cannot be written, let this process write there or set another StateDir")
		require.False(t, told("state is rebuilt", ""))
	}
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.ErrorContains(t, c.runs(Config{Workers: 1, StateDir: file}), "state directory "+file)
}

// An instance id that is torn is replaced, and that is told; one that is whole stays.
func TestATornInstanceIDIsReplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "instance")
	log, told := said()
	opened := func() string {
		e, err := openEngine(&Config{StateDir: dir, Logger: log})
		require.NoError(t, err)
		require.NoError(t, e.close())
		return e.instance
	}
	id := opened()
	require.Equal(t, id, opened())
	require.False(t, told("the instance id is torn", ""))
	for _, torn := range []string{"", id[:3], "\x00\x00\x00\x00\x00\x00\x00\x00", id + id} {
		require.NoError(t, os.WriteFile(path, []byte(torn), 0o600))
		fresh := opened()
		require.Len(t, fresh, 8)
		require.NotEqual(t, id, fresh)
		require.Equal(t, fresh, opened())
	}
	require.True(t, told("the instance id is torn", ""))
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o700))
	_, err := openEngine(&Config{StateDir: dir, Logger: log})
	require.ErrorContains(t, err, "state directory "+dir+": instance id: ")
}
