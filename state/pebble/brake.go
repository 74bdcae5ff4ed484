package pebble

import (
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// brake is a disk under the engine. Where a write of the log or of the list of files fails the engine would panic with its
// locks in disorder, which ends the process: the brake notes the error and keeps that goroutine for ever instead, so
// nothing that follows is written. Tables pass: the engine writes them again.
type brake struct {
	vfs.FS
	of  *health
	set atomic.Bool // once the engine is open; till then any file will do
}

// breath is what the engine is made to wait for before it tries a table again, which it does at once.
const breath = 50 * time.Millisecond

// Unwrap is for the engine, which looks for the disk below.
func (b *brake) Unwrap() vfs.FS { return b.FS }

// hold does not return where the engine must not see the error of a file, nor once it has failed: it then touches no file
// any more, so that the directory can be opened anew.
func (b *brake) hold(name string, call func() error) error {
	if b.of.failure() == nil {
		err := call()
		switch {
		case err == nil, name == "":
			return err
		case b.set.Load() && !b.vital(name):
			time.Sleep(breath)
			return err
		}
		b.of.fail(err)
	}
	select {}
}

// vital says which files the engine cannot do without; those of a backup are of another directory.
func (b *brake) vital(name string) bool {
	dir, base := filepath.Split(name)
	if filepath.Clean(dir) != filepath.Clean(b.of.dir) {
		return false
	}
	return strings.HasSuffix(base, ".log") || strings.HasPrefix(base, "MANIFEST-") || strings.HasPrefix(base, "marker.")
}

// Lock gives nothing: DB has the lock.
func (b *brake) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

func (b *brake) Create(name string, category vfs.DiskWriteCategory) (f vfs.File, err error) {
	return b.file(name, func() (vfs.File, error) { return b.FS.Create(name, category) })
}

func (b *brake) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return b.file(name, func() (vfs.File, error) { return b.FS.ReuseForWrite(old, name, category) })
}

func (b *brake) Rename(old, name string) error {
	return b.hold(name, func() error { return b.FS.Rename(old, name) })
}

func (b *brake) Remove(name string) error {
	return b.hold("", func() error { return b.FS.Remove(name) })
}

func (b *brake) file(name string, open func() (vfs.File, error)) (f vfs.File, err error) {
	if err = b.hold(name, func() error { f, err = open(); return err }); err != nil {
		return nil, err
	}
	return &brakedFile{File: f, brake: b, name: name}, nil
}

type brakedFile struct {
	vfs.File
	brake *brake
	name  string
}

func (f *brakedFile) Write(p []byte) (n int, err error) {
	err = f.brake.hold(f.name, func() error { n, err = f.File.Write(p); return err })
	return n, err
}

func (f *brakedFile) Sync() error { return f.brake.hold(f.name, f.File.Sync) }

func (f *brakedFile) SyncData() error { return f.brake.hold(f.name, f.File.SyncData) }

func (f *brakedFile) SyncTo(length int64) (full bool, err error) {
	err = f.brake.hold(f.name, func() error { full, err = f.File.SyncTo(length); return err })
	return full, err
}

func (f *brakedFile) Close() error { return f.brake.hold(f.name, f.File.Close) }
