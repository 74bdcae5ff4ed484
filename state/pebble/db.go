package pebble

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	"github.com/abacus-stream/abacus/state"
	engine "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	layoutVersion = 1

	blockCacheBytes = 64 << 20
	memTableBytes   = 32 << 20
	walBytesPerSync = 1 << 20 // smooths the writeback that no sync forces
	bloomBits       = 10      // a key; 1 % false positives
)

// compression is that of the last level alone, where most rows lie: those above it are rewritten soon.
var compression = func() engine.DBCompressionSettings {
	c := engine.DBCompressionNone
	c.Name, c.Levels[len(c.Levels)-1] = "last level", engine.DBCompressionFastest.Levels[len(c.Levels)-1]
	return c
}()

var layoutKey = []byte{0}

// ErrLocked says that another process has the state directory open.
var ErrLocked = errors.New("pebble: another process uses this state directory")

// DB is the Pebble of a process. Safe for concurrent use; each Store is for one goroutine.
type DB struct {
	dir        string
	engine     *engine.DB
	lock       *engine.Lock
	closed     atomic.Bool
	damaged    atomic.Pointer[error] // for good
	background atomic.Pointer[error] // until the next flush succeeds
}

// Open opens the state directory, making it when it is not there. Errors: ErrLocked, state.ErrCorrupt, the disk's.
func Open(dir string) (*DB, error) { return openOn(vfs.Default, dir) }

func openOn(disk vfs.FS, dir string) (*DB, error) {
	if err := disk.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("pebble: make state directory: %w", err)
	}
	lock, err := engine.LockDirectory(dir, disk)
	if err != nil {
		return nil, lockError(dir, err)
	}
	db := &DB{dir: dir, lock: lock}
	db.engine, err = engine.Open(dir, db.options(disk))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pebble: open %s: %w", dir, wrap(err)), lock.Close())
	}
	if err := db.checkLayout(); err != nil {
		return nil, errors.Join(fmt.Errorf("pebble: open %s: %w", dir, err), db.Close())
	}
	return db, nil
}

// Store opens the store of a prefix, such as task and store name. Opening is free; rows written under the prefix before
// are there.
func (db *DB) Store(prefix string) state.Store { return newStore(db, prefix) }

// Err says what fails in the background: damage found in a file (state.ErrCorrupt: remove the directory and replay the
// changelogs), or the last flush or compaction, until a flush succeeds; meanwhile Apply may block.
func (db *DB) Err() error {
	for _, failed := range []*error{db.damaged.Load(), db.background.Load()} {
		if failed != nil {
			return fmt.Errorf("pebble: background work in %s: %w", db.dir, wrap(*failed))
		}
	}
	return nil
}

// Bytes is the size of the database's files on disk. The database is open.
func (db *DB) Bytes() int64 { return int64(db.engine.Metrics().DiskSpaceUsage()) }

// Close flushes and closes the engine and frees the directory. The stores' goroutines have stopped before. A second
// Close does nothing.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	if err := errors.Join(db.engine.Close(), db.lock.Close()); err != nil {
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
		Logger:             quiet{},
		Lock:               db.lock,
		EventListener:      db.listener(),
	}
	o.ApplyCompressionSettings(func() engine.DBCompressionSettings { return compression })
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(bloomBits)
	}
	return o
}

// listener replaces the engine's way with damage, which ends the process: a damaged store can be rebuilt.
func (db *DB) listener() *engine.EventListener {
	return &engine.EventListener{
		DataCorruption:  func(info engine.DataCorruptionInfo) { db.damaged.Store(&info.Details) },
		BackgroundError: func(err error) { db.background.Store(&err) },
		FlushEnd: func(info engine.FlushInfo) {
			if info.Err == nil {
				db.background.Store(nil)
			}
		},
	}
}

// checkLayout reads the layout's version, and writes it into a new database.
func (db *DB) checkLayout() error {
	value, closer, err := db.engine.Get(layoutKey)
	if errors.Is(err, engine.ErrNotFound) {
		return db.engine.Set(layoutKey, []byte{layoutVersion}, engine.Sync)
	}
	if err != nil {
		return wrap(err)
	}
	defer closer.Close()
	if !bytes.Equal(value, []byte{layoutVersion}) {
		return fmt.Errorf("layout %x, this program reads %d: %w", value, layoutVersion, state.ErrCorrupt)
	}
	return nil
}

// lockError tells a directory that is in use from one that cannot be locked for another reason.
func lockError(dir string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("pebble: lock %s: %w", dir, err)
	}
	return fmt.Errorf("%w: %s: %w", ErrLocked, dir, err)
}

// wrap adds state.ErrCorrupt to the engine's own errors of that kind.
func wrap(err error) error {
	if err != nil && engine.IsCorruptionError(err) {
		return fmt.Errorf("%w: %w", state.ErrCorrupt, err)
	}
	return err
}

// quiet drops the engine's log; what fails in the background is in DB.Err.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}

// Fatalf stops the process: the engine calls it where it must not go on.
func (quiet) Fatalf(format string, args ...any) { panic("pebble: " + fmt.Sprintf(format, args...)) }
