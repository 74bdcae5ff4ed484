package state

import (
	"bytes"
	"fmt"
)

// Table is a Cache over a Store, its changes logged: what a task hands to its processors. One goroutine. It is written, then
// flushed once, then committed or aborted; a write between Flush and that, or inside Scan, is a broken invariant and panics.
// The engine is written by Checkpoint, after any commit: until then the rows committed are in the log and in the cache.
type Table struct {
	name    string
	index   int
	store   Store
	cache   *Cache
	flushed bool
	floor   []byte // Trim has removed the rows below it
	settled []byte // the floor that the engine has
	looked  bool   // whether that has been read
	scans   []ref  // the dirty rows of the scans under way, as a stack
}

// NewTable puts a cache of cacheBytes (0: DefaultCacheBytes) over a store. The index is the number that Log is given.
func NewTable(name string, index int, store Store, cacheBytes int64) *Table {
	return &Table{name: name, index: index, store: store, cache: NewCache(cacheBytes)}
}

// Name is the store's name in the topology.
func (t *Table) Name() string { return t.name }

// Store is the store below; it has committed rows only.
func (t *Table) Store() Store { return t.store }

// Stats returns the counts and sizes of the cache.
func (t *Table) Stats() Stats { return t.cache.Stats() }

// DirtyBytes is the size of the keys and values changed since the last Commit or Abort.
func (t *Table) DirtyBytes() int64 { return t.cache.dirtyBytes }

// Crowded says that the rows ahead of the engine take up half of the cache, of a shared one half of what it could have:
// time for a Checkpoint.
func (t *Table) Crowded() bool { return t.cache.aheadBytes > t.cache.spacious/2 }

// Get returns the value of a key, uncommitted changes included. The bytes are valid until the next call on the table. A
// key the cache does not know is read from the store and cached, also when it has no value.
func (t *Table) Get(key []byte) (value []byte, ok bool, err error) {
	if t.gone(key) {
		return nil, false, nil
	}
	value, ok, known := t.cache.Get(key)
	if known {
		return value, ok, nil
	}
	value, ok, err = t.store.Get(key)
	if err != nil {
		return nil, false, fmt.Errorf("state: table %s: get: %w", t.name, err)
	}
	value = t.cache.Fill(key, value, ok)
	if !ok {
		return nil, false, nil
	}
	return value, true, nil
}

// Peek is Get that leaves the cache and its counts as they are: for reads that say nothing of what will be read next.
func (t *Table) Peek(key []byte) (value []byte, ok bool, err error) {
	if t.gone(key) {
		return nil, false, nil
	}
	if _, at := t.cache.find(t.cache.hash(key), key); at != 0 {
		w := t.cache.arena.row(at)
		return w.value(), !w.has(rowAbsent), nil
	}
	if value, ok, err = t.store.Get(key); err != nil {
		return nil, false, fmt.Errorf("state: table %s: get: %w", t.name, err)
	}
	return value, ok, nil
}

// Changed says whether a row was put or deleted since the last Commit or Abort.
func (t *Table) Changed(key []byte) bool {
	_, at := t.cache.find(t.cache.hash(key), key)
	return at != 0 && t.cache.arena.row(at).has(rowDirty)
}

// Put sets the value of a key; nil is stored as an empty value. The bytes are copied. It says whether the row had not
// changed since the last Commit or Abort.
func (t *Table) Put(key, value []byte) (dirtied bool) {
	t.writable("Put")
	if t.gone(key) {
		panic("state: table " + t.name + ": Put of a key that Trim has removed")
	}
	return t.cache.Put(key, value)
}

// Delete removes a key. It is logged also when the key has no value, so that the changelog does not depend on the cache.
func (t *Table) Delete(key []byte) {
	t.writable("Delete")
	if !t.gone(key) {
		t.cache.Delete(key)
	}
}

// Flush appends every row changed since the last Commit or Abort to the changelog: one record a key, the newest value,
// in first-dirtied order; deleted keys have a nil value.
func (t *Table) Flush(log Log) {
	t.writable("Flush")
	t.cache.EachDirty(func(key, value []byte, ok bool) {
		if !ok {
			value = nil
		}
		if t.left(key) {
			log.Append(t.index, key, value)
		}
	})
	t.flushed = len(t.cache.dirty) > 0
}

// Commit says that the log has committed what Flush gave it. The rows stay in the cache, which no bound drives them out of.
func (t *Table) Commit() {
	t.outsideScan("Commit")
	if !t.flushed && len(t.cache.dirty) > 0 {
		panic("state: table " + t.name + ": Commit without Flush")
	}
	t.cache.Commit()
	t.flushed = false
}

// Checkpoint adds the rows committed since the last one to the batch that the caller applies to Store, and keeps them in
// the cache as clean. When Apply fails the store and this table are behind the log: Clear or close both.
func (t *Table) Checkpoint(batch *Batch) {
	t.outsideScan("Checkpoint")
	// Invariant (log first): only rows that the log has committed reach the engine.
	if len(t.cache.dirty) > 0 {
		panic("state: table " + t.name + ": Checkpoint of uncommitted rows")
	}
	if !bytes.Equal(t.floor, t.settled) {
		batch.DeleteRange(nil, t.floor)
		t.settled = append(t.settled[:0], t.floor...)
	}
	t.cache.EachAhead(func(key, value []byte, ok bool) {
		switch {
		case !t.left(key):
		case ok:
			batch.Put(key, value)
		default:
			batch.Delete(key)
		}
	})
	t.cache.Clean()
}

// Abort goes back to what the engine has: uncommitted changes are dropped, flushed or not, and rows committed since the
// last Checkpoint are to be replayed from the log. Clean rows stay cached.
func (t *Table) Abort() {
	t.outsideScan("Abort")
	t.cache.DropAhead()
	t.flushed, t.floor = false, append(t.floor[:0], t.settled...)
}

// Restore adds a changelog record to the batch, a nil value as a deletion, and forgets the cached row. Apply the batch
// before the next Get. A table that is ahead of its store cannot be restored into.
func (t *Table) Restore(batch *Batch, key, value []byte) {
	batch.Replay(key, value)
	if below, trim := Trimmed(key, value); trim {
		t.floor, t.settled, t.looked = append(t.floor[:0], below...), append(t.settled[:0], below...), true
	}
	if !t.cache.Forget(key) {
		panic("state: table " + t.name + ": Restore of a row ahead of the store")
	}
}

// Clear removes all rows, uncommitted ones too, and the checkpoint, from cache and store.
func (t *Table) Clear() error {
	t.outsideScan("Clear")
	t.cache.Clear()
	t.flushed, t.floor, t.settled = false, nil, nil
	if err := t.store.Clear(); err != nil {
		return fmt.Errorf("state: table %s: clear: %w", t.name, err)
	}
	return nil
}

func (t *Table) writable(verb string) {
	if t.flushed {
		panic("state: table " + t.name + ": " + verb + " between Flush and Commit")
	}
	t.outsideScan(verb)
}

func (t *Table) outsideScan(verb string) {
	if t.cache.pinned > 0 {
		panic("state: table " + t.name + ": " + verb + " inside Scan")
	}
}
