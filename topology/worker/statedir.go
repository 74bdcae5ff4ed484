package worker

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/pebble"
)

// openDisk opens the stores of the state directory. What cannot be read is thrown away, loudly: the changelogs have all of it.
func openDisk(cfg *Config) (*pebble.DB, error) {
	if err := os.MkdirAll(cfg.StateDir, 0o755); err != nil {
		return nil, inStateDir(cfg.StateDir, err)
	}
	dir := storesDir(cfg.StateDir)
	disk, err := cfg.disk.Open(dir)
	if errors.Is(err, state.ErrCorrupt) {
		cfg.Logger.Error("state is rebuilt from the changelog", zap.String("directory", dir), zap.Error(err))
		disk, err = cfg.disk.OpenEmpty(dir)
	}
	if err != nil {
		return nil, inStateDir(cfg.StateDir, err)
	}
	return disk, nil
}

// inStateDir names the directory of an error and what to do about it.
func inStateDir(dir string, err error) error {
	advice := ""
	switch {
	case errors.Is(err, pebble.ErrLocked):
		return fmt.Errorf("state directory %s is locked, each process needs one of its own: %w", dir, err)
	case errors.Is(err, state.ErrCorrupt):
		return fmt.Errorf("state directory %s is damaged, start the app again and it is rebuilt from the changelogs: %w", dir, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		advice = " is full, make room and start the app again: it goes on from its last checkpoint"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		advice = " cannot be written, let this process write there or set another StateDir"
	case errors.Is(err, pebble.ErrFailed):
		advice = " cannot be written, look at the disk and start the app again: it goes on from its last checkpoint"
	}
	return fmt.Errorf("state directory %s%s: %w", dir, advice, err)
}

// anInstance is what instanceOf gives.
var anInstance = regexp.MustCompile("^[a-z2-7]{8}$")

// instanceOf reads the instance id of a state directory, or gives it one, also in place of one that is torn.
func instanceOf(path string, log *zap.Logger) (string, error) {
	id, err := os.ReadFile(path)
	if err == nil && anInstance.Match(id) {
		return string(id), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("instance id: %w", err)
	}
	fresh := strings.ToLower(rand.Text()[:8])
	if err == nil {
		log.Warn("the instance id is torn, here is another: the group waits a session timeout for the one before",
			zap.String("file", path), zap.ByteString("torn", id), zap.String("instance", fresh))
	}
	if err := writeWhole(path, fresh); err != nil {
		return "", fmt.Errorf("instance id: %w", err)
	}
	return fresh, nil
}

// writeWhole writes a file so that it is there whole or not at all, whatever happens.
func writeWhole(path, text string) error {
	f, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// broken is what makes the stores of no use to this process: damage found in them, or a disk that takes no more. Of
// what may pass it only tells.
func (e *engine) broken(log *zap.Logger, now time.Time) error {
	if e.disk == nil {
		return nil
	}
	err := e.disk.Err()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, state.ErrCorrupt), errors.Is(err, pebble.ErrFailed):
		return inStateDir(e.dir, err)
	}
	if told := e.told.Load(); now.UnixNano()-told > int64(tellEvery) && e.told.CompareAndSwap(told, now.UnixNano()) {
		log.Error("the state directory is in trouble, the engine tries again", zap.Error(inStateDir(e.dir, err)))
	}
	return nil
}
