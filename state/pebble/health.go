package pebble

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/abacus-stream/abacus/state"
	engine "github.com/cockroachdb/pebble/v2"
)

// ErrFailed says that the engine cannot write any more: the disk is full, read-only or gone. What lies there is whole up to
// some batch; when the cause is gone the directory can be opened again.
var ErrFailed = errors.New("pebble: the state directory cannot be written")

// health is what the engine has met with.
type health struct {
	dir        string
	damaged    atomic.Pointer[error] // for good
	background atomic.Pointer[error] // until the next flush succeeds
	once       sync.Once
	failed     chan struct{} // closed when the engine must not go on
	cause      error         // then
}

// Err says what fails: damage found in a file (state.ErrCorrupt: open the directory empty and replay the changelogs), the
// engine itself, for good (ErrFailed), or the last flush or compaction, until a flush succeeds; meanwhile Apply may block.
func (h *health) Err() error {
	if damaged := h.damaged.Load(); damaged != nil {
		return fmt.Errorf("pebble: a file in %s is damaged: %w", h.dir, wrap(*damaged))
	}
	if err := h.failure(); err != nil {
		return err
	}
	if failed := h.background.Load(); failed != nil {
		return fmt.Errorf("pebble: background work in %s: %w", h.dir, wrap(*failed))
	}
	return nil
}

// fail says that the engine must not go on.
func (h *health) fail(cause error) {
	h.once.Do(func() {
		h.cause = cause
		close(h.failed)
	})
}

func (h *health) failure() error {
	select {
	case <-h.failed:
		return fmt.Errorf("%w: %s: %w", ErrFailed, h.dir, h.cause)
	default:
		return nil
	}
}

// patience is how long a call may wait for background work that fails.
const patience = 30 * time.Second

// guard makes a call of the engine that may write on a goroutine of its own: where the engine must not go on it ends the
// goroutine that finds out, and others may then wait for ever.
func (h *health) guard(call func() error) error {
	if err := h.failure(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- call() }()
	timer := time.NewTicker(patience)
	defer timer.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-h.failed:
			return h.failure()
		case <-timer.C:
			if failing := h.background.Load(); failing != nil {
				h.fail(*failing)
			}
		}
	}
}

// closeEngine closes the engine. One that has failed is left where it stands: it touches no file any more.
func (db *DB) closeEngine() error {
	err := db.guard(db.engine.Close)
	if damage := db.damaged.Load(); damage != nil {
		err = errors.Join(err, db.writeMark(*damage))
	}
	return errors.Join(err, db.lock.Close())
}

// listener replaces the engine's way with damage, which ends the process: a damaged store can be rebuilt.
func (h *health) listener() *engine.EventListener {
	return &engine.EventListener{
		DataCorruption:  func(info engine.DataCorruptionInfo) { h.damaged.Store(&info.Details) },
		BackgroundError: func(err error) { h.background.Store(&err) },
		FlushEnd: func(info engine.FlushInfo) {
			if info.Err == nil {
				h.background.Store(nil)
			}
		},
	}
}

// wrap adds state.ErrCorrupt to the engine's own errors of that kind.
func wrap(err error) error {
	if err != nil && engine.IsCorruptionError(err) && !errors.Is(err, state.ErrCorrupt) {
		return fmt.Errorf("%w: %w", state.ErrCorrupt, err)
	}
	return err
}

// quiet drops the engine's log; what fails is in DB.Err.
type quiet struct{ of *health }

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}

// Fatalf ends the goroutine: the engine calls it where it must not go on, and the process may have other things to do.
func (q quiet) Fatalf(format string, args ...any) {
	cause := fmt.Errorf(format, args...)
	for _, arg := range args {
		if err, ok := arg.(error); ok {
			cause = err
		}
	}
	q.of.fail(cause)
	runtime.Goexit()
}
