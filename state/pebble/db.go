package pebble

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/abacus-stream/abacus/state"
	engine "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	layoutVersion = 1

	memTableBytes   = 32 << 20
	blockCacheBytes = 64<<20 + 2*memTableBytes // the engine takes its memtables out of it: the one written, and the next or last one
	indexBlockBytes = 256 << 10                // one index a table: a read goes through no index of indexes
	walBytesPerSync = 1 << 20                  // smooths the writeback that no sync forces
	bloomBits       = 10                       // a key; 1 % false positives
)

// compression is that of the last level alone, where most rows lie: those above it are rewritten soon.
var compression = func() engine.DBCompressionSettings {
	c := engine.DBCompressionNone
	c.Name, c.Levels[len(c.Levels)-1] = "last level", engine.DBCompressionFastest.Levels[len(c.Levels)-1]
	return c
}()

var layoutKey = []byte{0}

// DB is the Pebble of a process. Safe for concurrent use; each Store is for one goroutine.
type DB struct {
	dir    string
	disk   vfs.FS
	engine *engine.DB
	lock   io.Closer
	closed atomic.Bool
	chain  chain
	health
}

// Store opens the store of a prefix, such as task and store name. Opening is free; rows written under the prefix before
// are there.
func (db *DB) Store(prefix string) state.Store { return newStore(db, prefix) }

// Bytes is the size of the database's files on disk, 0 where the engine has failed. The database is open.
func (db *DB) Bytes() int64 {
	bytes := make(chan int64, 1)
	if err := db.guard(func() error { bytes <- int64(db.engine.Metrics().DiskSpaceUsage()); return nil }); err != nil {
		return 0
	}
	return <-bytes
}

// Close closes the engine and frees the directory. The stores' goroutines have stopped before. A second Close does nothing.
// Errors: ErrFailed, the disk's.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	if err := db.closeEngine(); err != nil {
		return fmt.Errorf("pebble: close %s: %w", db.dir, err)
	}
	return nil
}

func (db *DB) options(disk vfs.FS) *engine.Options {
	o := &engine.Options{
		FS:                 disk,
		CacheSize:          blockCacheBytes,
		MemTableSize:       memTableBytes,
		WALBytesPerSync:    walBytesPerSync,
		FormatMajorVersion: engine.FormatTableFormatV6,
		Logger:             quiet{&db.health},
		EventListener:      db.listener(),
	}
	o.ApplyCompressionSettings(func() engine.DBCompressionSettings { return compression })
	for i := range o.Levels {
		o.Levels[i].IndexBlockSize = indexBlockBytes
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(bloomBits)
	}
	return o
}

// checkLayout reads the layout's version, and writes it into a new database.
func (db *DB) checkLayout() error {
	value, closer, err := db.engine.Get(layoutKey)
	if errors.Is(err, engine.ErrNotFound) {
		return db.begin()
	}
	if err != nil {
		return wrap(err)
	}
	defer closer.Close()
	if !bytes.Equal(value, []byte{layoutVersion}) {
		return fmt.Errorf("layout %x, this program reads %d: %w", value, layoutVersion, state.ErrCorrupt)
	}
	return db.checkChain()
}

// begin writes the layout's version into a database that has nothing else.
func (db *DB) begin() error {
	rows, err := db.engine.NewIter(nil)
	if err != nil {
		return wrap(err)
	}
	some := rows.First()
	if err := rows.Close(); err != nil {
		return wrap(err)
	}
	if some {
		return fmt.Errorf("%w: there are rows, and no layout", state.ErrCorrupt)
	}
	batch := db.engine.NewBatch()
	if err := batch.Set(layoutKey, []byte{layoutVersion}, nil); err != nil {
		return errors.Join(err, batch.Close())
	}
	return db.commit(batch, engine.Sync)
}
