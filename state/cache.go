package state

import (
	"bytes"

	"github.com/cespare/xxhash/v2"
)

// DefaultCacheBytes bounds a cache that names no bound.
const DefaultCacheBytes = 64 << 20

// Cache holds the hot rows of a store, absent keys among them, in flat bytes without a pointer per row: an index from the
// hash of the key to rows in segments. Rows ahead of the engine are never evicted: the dirty ones, changed since the last
// commit, and those committed since the engine was written. Clean ones leave when the bytes pass the bound, the least used
// about first. Keys and values are under 2 GiB. One goroutine.
type Cache struct {
	// Invariant (newest stays): making room never moves the row an operation has just written.
	arena      arena
	index      index
	limit      int64
	ahead      []ref   // rows the engine does not have, in the order they became so
	aheadBytes int64   // of their keys and values
	dirty      []int32 // places in ahead, in first-dirtied order
	dirtyBytes int64
	order      order
	hand       int    // the segment that eviction looked at last
	pinned     int    // scans under way: no row may move
	hashMask   uint64 // all ones; tests narrow it to make hashes collide
	stats      Stats
	bounded    int64 // evictions when ShareCache last set the limit
	spacious   int64 // what the cache would have with all that was free then
	touched    byte  // what prefetching read; of no meaning
}

// Stats counts what a cache did since it was made and says what it holds.
type Stats struct {
	Hits, Misses, Evictions int64 // rows
	Rows, DirtyRows         int   // absent and deleted keys included
	Bytes, DirtyBytes       int64 // all memory; keys and values of the dirty rows
	AheadBytes              int64 // keys and values of the rows the engine does not have, the dirty ones included
}

// NewCache makes an empty cache bounded by limit bytes, index included; 0 or less means DefaultCacheBytes.
func NewCache(limit int64) *Cache {
	if limit <= 0 {
		limit = DefaultCacheBytes
	}
	return &Cache{arena: newArena(limit), limit: limit, spacious: limit, hashMask: ^uint64(0)}
}

// Get returns the value of a key, whether the key has one, and whether the cache knows. The bytes are valid until the next
// call on the cache.
func (c *Cache) Get(key []byte) (value []byte, ok, known bool) {
	_, at := c.find(c.hash(key), key)
	if at == 0 {
		c.stats.Misses++
		return nil, false, false
	}
	c.stats.Hits++
	w := c.arena.row(at)
	if !w.has(rowReferenced) {
		w.set(rowReferenced)
	}
	if w.has(rowAbsent) {
		return nil, false, true
	}
	return w.value(), true, true
}

// Fill adds what the engine said about a key that the cache does not know, as a clean row: its value, or with ok false that
// it has none. It returns the cached value.
func (c *Cache) Fill(key, value []byte, ok bool) []byte {
	at := c.place(key, len(value), 0)
	w := c.arena.row(at)
	w.setValue(value)
	if !ok {
		w.set(rowAbsent)
	}
	c.index.add(c.hash(key), at)
	c.maintain(at)
	return w.value()
}

// Put sets the value of a key and makes the row dirty; false where it was. The bytes are copied and may be those of an
// earlier Get.
func (c *Cache) Put(key, value []byte) (dirtied bool) { return c.write(key, value, 0) }

// Delete makes the key a dirty tombstone.
func (c *Cache) Delete(key []byte) { c.write(key, nil, rowAbsent) }

// Forget drops the row of a key if it is clean; false when it is ahead of the engine, and stays.
func (c *Cache) Forget(key []byte) bool {
	if c.index.count == 0 {
		return true // a store that is being restored
	}
	slot, at := c.find(c.hash(key), key)
	if at == 0 {
		return true
	}
	if c.arena.row(at).has(rowAhead) {
		return false
	}
	c.index.remove(slot)
	c.arena.drop(at)
	c.maintain(0)
	return true
}

// Clear drops all rows, those ahead too, and their memory.
func (c *Cache) Clear() {
	c.arena, c.index = newArena(c.limit), index{}
	c.ahead, c.aheadBytes, c.dirty, c.dirtyBytes = nil, 0, nil, 0
	c.hand, c.order = 0, order{}
}

// Bytes is the memory held for rows, live and dead, and for the index.
func (c *Cache) Bytes() int64 {
	return c.arena.bytes + c.index.bytes() + int64(cap(c.ahead))*8 + int64(cap(c.dirty))*4
}

// Stats returns counts and sizes.
func (c *Cache) Stats() Stats {
	s := c.stats
	s.Rows, s.DirtyRows = c.index.count, len(c.dirty)
	s.Bytes, s.DirtyBytes = c.Bytes(), c.dirtyBytes
	s.AheadBytes = c.aheadBytes
	return s
}

func (c *Cache) hash(key []byte) uint64 { return xxhash.Sum64(key) & c.hashMask }

// find returns the row of a key and its place in the index; at 0 when there is none.
func (c *Cache) find(hash uint64, key []byte) (slot int, at ref) {
	if c.index.count == 0 {
		return 0, 0
	}
	mask := uint64(len(c.index.entries) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		e := c.index.entries[i]
		if e.at == 0 {
			return 0, 0
		}
		if e.hash == hash && bytes.Equal(c.arena.row(e.at).key(), key) {
			return int(i), e.at
		}
	}
}

// write sets value and flags of a row, in place where the room suffices, and says whether it was not dirty.
func (c *Cache) write(key, value []byte, flags byte) (dirtied bool) {
	hash := c.hash(key)
	slot, at := c.find(hash, key)
	switch {
	case at == 0:
		at = c.place(key, len(value), 0)
		c.index.add(hash, at)
	case len(key)+len(value) > c.arena.row(at).room():
		at = c.replace(slot, at, len(value))
	}
	w := c.arena.row(at)
	c.count(w, -1)
	if !w.has(rowAhead) {
		w.setAheadAt(len(c.ahead))
		c.ahead = append(c.ahead, at)
	}
	if dirtied = !w.has(rowDirty); dirtied {
		c.dirty = append(c.dirty, int32(w.aheadAt()))
	}
	w.setValue(value)
	w.clear(rowAbsent)
	w.set(rowDirty | rowAhead | rowReferenced | flags)
	c.count(w, 1)
	c.maintain(at)
	return dirtied
}

// count adds the size of a row to what its flags say it is part of, or takes it away.
func (c *Cache) count(w row, sign int64) {
	if w.has(rowDirty) {
		c.dirtyBytes += sign * int64(w.size())
	}
	if w.has(rowAhead) {
		c.aheadBytes += sign * int64(w.size())
	}
}

// place makes a row for key with room for a value of this length and some slack; the value is still empty.
func (c *Cache) place(key []byte, length, slack int) ref {
	room := align(rowHead+len(key)+length+slack) - rowHead
	at := c.arena.alloc(room)
	w := c.arena.row(at)
	w.setKey(key, room)
	w.setValue(nil)
	return at
}

// replace gives a row that outgrew its room a larger one, with a quarter of slack since it will grow again.
func (c *Cache) replace(slot int, old ref, length int) ref {
	w := c.arena.row(old)
	at := c.place(w.key(), length, length/4)
	next := c.arena.row(at)
	if w.has(rowAhead) {
		next.setValue(w.value())
		next.set(w[16] & (rowAhead | rowDirty))
		next.setAheadAt(w.aheadAt())
		c.ahead[w.aheadAt()] = at
	}
	c.index.entries[slot].at = at
	c.arena.drop(old)
	return at
}
