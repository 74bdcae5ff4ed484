package worker

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
	"github.com/abacus-stream/abacus/state/pebble"
)

// engine is the storage of the process: one Pebble, or memory. It outlives the workers' sessions,
// so that a store is handed on and not restored anew.
type engine struct {
	instance string
	memory   *memory.DB
	disk     *pebble.DB
}

// openEngine opens and locks the state directory; the instance id lives in it.
func openEngine(cfg *Config) (*engine, error) {
	e := &engine{instance: cfg.Instance, memory: memory.New()}
	if cfg.Memory {
		if e.instance == "" {
			e.instance = strings.ToLower(rand.Text()[:8])
		}
		return e, nil
	}
	if err := os.MkdirAll(cfg.StateDir, 0o755); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	disk, err := pebble.Open(filepath.Join(cfg.StateDir, "stores"))
	if errors.Is(err, pebble.ErrLocked) {
		return nil, fmt.Errorf("state directory %s is locked, each process needs one of its own: %w", cfg.StateDir, err)
	}
	if err != nil {
		return nil, fmt.Errorf("state directory %s: %w", cfg.StateDir, err)
	}
	e.disk = disk
	if e.instance == "" {
		e.instance, err = instanceOf(filepath.Join(cfg.StateDir, "instance"))
	}
	if err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

// instanceOf reads the instance id of a state directory, or gives it one.
func instanceOf(path string) (string, error) {
	id, err := os.ReadFile(path)
	if err == nil && len(id) > 0 {
		return string(id), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("instance id: %w", err)
	}
	fresh := strings.ToLower(rand.Text()[:8])
	if err := os.WriteFile(path, []byte(fresh), 0o644); err != nil {
		return "", fmt.Errorf("instance id: %w", err)
	}
	return fresh, nil
}

// store opens a store by name; memory stores of the process live as long as it does.
func (e *engine) store(name string, inMemory bool) state.Store {
	if e.disk == nil || inMemory {
		return e.memory.Store(name)
	}
	return e.disk.Store(name)
}

func (e *engine) close() error {
	if e == nil || e.disk == nil {
		return nil
	}
	return e.disk.Close()
}
