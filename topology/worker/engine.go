package worker

import (
	"crypto/rand"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/state/pebble"
)

// engine is the storage of the process: one Pebble, or memory. It outlives the workers' sessions,
// so that a store is handed on and not restored anew.
type engine struct {
	instance string
	dir      string // the state directory
	memory   *memory.DB
	disk     *pebble.DB
	told     atomic.Int64 // Unix ns, when of trouble with the disk
	mu       struct {
		sync.Mutex
		leases map[string]*lease // by store, the last one given
	}
}

// openEngine opens and locks the state directory; the instance id lives in it.
func openEngine(cfg *Config) (*engine, error) {
	e := &engine{instance: cfg.Instance, memory: cfg.Rows, dir: cfg.StateDir}
	if e.memory == nil {
		e.memory = memory.New()
	}
	if cfg.Memory {
		if e.instance == "" {
			e.instance = strings.ToLower(rand.Text()[:8])
		}
		return e, nil
	}
	disk, err := openDisk(cfg)
	if err != nil {
		return nil, err
	}
	e.disk = disk
	if e.instance == "" {
		e.instance, err = instanceOf(filepath.Join(cfg.StateDir, "instance"), cfg.Logger)
	}
	if err != nil {
		return nil, errors.Join(inStateDir(cfg.StateDir, err), e.close())
	}
	return e, nil
}

// open gives a store by name, for reading; memory stores of the process live as long as it does.
func (e *engine) open(name string, inMemory bool) state.Store {
	if e.disk == nil || inMemory {
		return e.memory.Store(name)
	}
	return e.disk.Store(name)
}

// store opens a store for its next owner and ends the lease of who had it before.
func (e *engine) store(name string, inMemory bool) state.Store {
	l := &lease{Store: e.open(name, inMemory)}
	e.mu.Lock()
	defer e.mu.Unlock()
	if before := e.mu.leases[name]; before != nil {
		before.end()
	}
	if e.mu.leases == nil {
		e.mu.leases = map[string]*lease{}
	}
	e.mu.leases[name] = l
	return l
}

// errLeaseEnded ends the session of a worker whose task another worker of this process has taken over.
var errLeaseEnded = errors.New("another worker has opened the store")

// lease is a store for as long as no other worker of the process opens it. A worker that has lost a
// task without knowing yet holds committed rows of it, older than what the next owner writes.
type lease struct {
	state.Store
	mu    sync.Mutex
	ended bool
}

func (l *lease) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
}

// Apply writes a batch while the lease lasts.
func (l *lease) Apply(b *state.Batch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return errLeaseEnded
	}
	return l.Store.Apply(b)
}

// Clear removes all rows while the lease lasts.
func (l *lease) Clear() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return errLeaseEnded
	}
	return l.Store.Clear()
}

// bytes is what the stores take on disk.
func (e *engine) bytes() int64 {
	if e.disk == nil {
		return 0
	}
	return e.disk.Bytes()
}

func (e *engine) close() error {
	if e == nil || e.disk == nil {
		return nil
	}
	if err := e.disk.Close(); err != nil {
		return inStateDir(e.dir, err)
	}
	return nil
}
