package state

import (
	"fmt"
	"slices"
)

// NarrowHash makes keys collide: only the bits of the mask are left of a hash.
func (c *Cache) NarrowHash(mask uint64) { c.hashMask = mask }

// NarrowHash narrows the hashes of the table's cache.
func (t *Table) NarrowHash(mask uint64) { t.cache.NarrowHash(mask) }

// Fault names the first broken invariant of the cache, nil when all hold.
func (t *Table) Fault() error { return t.cache.Fault() }

// Fault names the first broken invariant, nil when all hold.
func (c *Cache) Fault() error {
	live, dirty, held := 0, 0, int64(len(c.arena.spare)*c.arena.size)
	var fault error
	for id := range c.arena.segments {
		s := c.arena.segments[id]
		held += int64(len(s.buf))
		dead := s.used
		c.arena.eachLive(id, func(at ref, w row) {
			live++
			dead -= w.bytes()
			if _, found := c.find(c.hash(w.key()), w.key()); found != at {
				fault = fmt.Errorf("row %q at %d, the index says %d", w.key(), at, found)
			}
			if w.has(rowDirty) {
				dirty++
				if c.dirty[w.dirtyAt()] != at {
					fault = fmt.Errorf("dirty row %q is not at its place %d", w.key(), w.dirtyAt())
				}
			}
		})
		if dead != s.dead {
			return fmt.Errorf("segment %d: %d bytes dead, %d counted", id, dead, s.dead)
		}
		if s.sparse && !slices.Contains(c.arena.sparse, id) {
			return fmt.Errorf("segment %d is not among the sparse", id)
		}
	}
	switch {
	case fault != nil:
		return fault
	case live != c.index.count:
		return fmt.Errorf("%d live rows, %d in the index", live, c.index.count)
	case dirty != len(c.dirty):
		return fmt.Errorf("%d dirty rows, %d listed", dirty, len(c.dirty))
	case held != c.arena.bytes:
		return fmt.Errorf("%d bytes held, %d counted", held, c.arena.bytes)
	}
	return nil
}
