package pebble

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"

	"github.com/abacus-stream/abacus/state"
	engine "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrLocked says that another process has the state directory open.
var ErrLocked = errors.New("pebble: another process uses this state directory")

// Disk is where state directories lie. The zero Disk is that of the system; tests have one that fails.
type Disk struct{ FS vfs.FS }

// Open opens a state directory of the system's disk as Disk.Open does.
func Open(dir string) (*DB, error) { return Disk{}.Open(dir) }

// Open opens a state directory, making it when it is not there. Errors: ErrLocked; ErrFailed; state.ErrCorrupt for one whose
// files are torn, missing or of another program, which OpenEmpty opens; the disk's.
func (d Disk) Open(dir string) (*DB, error) { return d.open(dir, (*DB).check) }

// OpenEmpty opens a state directory as Open does, and removes what is in it first. Errors: ErrLocked, ErrFailed, the disk's.
func (d Disk) OpenEmpty(dir string) (*DB, error) { return d.open(dir, (*DB).empty) }

// open locks the directory, prepares it and opens the engine on it.
func (d Disk) open(dir string, prepare func(*DB) error) (*DB, error) {
	db := &DB{dir: dir, disk: d.FS}
	db.health.dir, db.health.failed = dir, make(chan struct{})
	if db.disk == nil {
		db.disk = vfs.Default
	}
	if err := db.disk.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("pebble: make state directory: %w", err)
	}
	var err error
	if db.lock, err = db.disk.Lock(db.disk.PathJoin(dir, lockFile)); err != nil {
		return nil, lockError(dir, err)
	}
	if err = prepare(db); err == nil {
		err = db.openEngine()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pebble: open %s: %w", dir, wrap(err)), db.lock.Close())
	}
	if err := db.checkLayout(); err != nil {
		return nil, errors.Join(fmt.Errorf("pebble: open %s: %w", dir, err), db.Close())
	}
	return db, nil
}

func (db *DB) openEngine() error {
	opened, brake := make(chan *engine.DB, 1), &brake{FS: db.disk, of: &db.health}
	err := db.guard(func() error {
		e, err := engine.Open(db.dir, db.options(brake))
		opened <- e
		return err
	})
	if err == nil {
		db.engine = <-opened
		brake.set.Store(true)
		return nil
	}
	return torn(err)
}

// torn adds state.ErrCorrupt to an error that comes from what the files hold, or from one that is not there, and not from a
// disk that does not answer.
func torn(err error) error {
	_, system := errors.AsType[syscall.Errno](err)
	if err == nil || errors.Is(err, ErrFailed) || system && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w: %w", state.ErrCorrupt, err)
}

// check fails for a directory that was found damaged when it was open last, or whose list of files is gone: the engine
// would take it for a new one.
func (db *DB) check() error {
	if text, err := db.readMark(); err == nil {
		return fmt.Errorf("%w: found when it was open last: %s", state.ErrCorrupt, text)
	}
	desc, err := engine.Peek(db.dir, db.disk)
	if err != nil {
		return torn(err)
	}
	if desc.Exists {
		return db.checkManifest(desc.ManifestFilename)
	}
	names, err := db.disk.List(db.dir)
	for _, name := range names {
		if strings.HasSuffix(name, ".sst") {
			return fmt.Errorf("%w: there is %s, and no manifest that names it", state.ErrCorrupt, name)
		}
	}
	return err
}

// checkManifest reads the list of files to its end: of one that is torn the engine would take the part before, and with it
// tables of another time than its write-ahead logs.
func (db *DB) checkManifest(name string) error {
	f, err := db.disk.Open(name)
	if err != nil {
		return torn(err)
	}
	edits := record.NewReader(f, 0)
	for err == nil {
		var edit io.Reader
		if edit, err = edits.Next(); err == nil {
			_, err = io.Copy(io.Discard, edit)
		}
	}
	if errors.Is(err, io.EOF) {
		return f.Close()
	}
	return errors.Join(torn(fmt.Errorf("manifest %s: %w", name, err)), f.Close())
}

// empty removes all but the lock.
func (db *DB) empty() error {
	names, err := db.disk.List(db.dir)
	for _, name := range names {
		if name != lockFile {
			err = errors.Join(err, db.disk.RemoveAll(db.disk.PathJoin(db.dir, name)))
		}
	}
	return err
}

// lockFile is the one that the engine would lock.
const lockFile = "LOCK"

// mark is the file that says, in the words of the error, that others of the directory are damaged.
const mark = "DAMAGED"

func (db *DB) readMark() (string, error) {
	f, err := db.disk.Open(db.disk.PathJoin(db.dir, mark))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(f)
	return string(text), errors.Join(err, f.Close())
}

func (db *DB) writeMark(damage error) error {
	f, err := db.disk.Create(db.disk.PathJoin(db.dir, mark), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(damage.Error()))
	return errors.Join(err, f.Sync(), f.Close())
}

// lockError tells a directory that is in use from one that cannot be locked for another reason.
func lockError(dir string, err error) error {
	for _, other := range []error{fs.ErrPermission, fs.ErrNotExist, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT, syscall.EIO} {
		if errors.Is(err, other) {
			return fmt.Errorf("pebble: lock %s: %w", dir, err)
		}
	}
	return fmt.Errorf("%w: %s: %w", ErrLocked, dir, err)
}
