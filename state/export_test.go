package state

import (
	"bytes"
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
	live, dirty, ahead, held := 0, 0, 0, int64(len(c.arena.spare)*c.arena.size)
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
				if !slices.Contains(c.dirty, int32(w.aheadAt())) {
					fault = fmt.Errorf("dirty row %q is not listed", w.key())
				}
			}
			if w.has(rowAhead) {
				ahead++
				if c.ahead[w.aheadAt()] != at {
					fault = fmt.Errorf("row %q is not at its place %d among those ahead", w.key(), w.aheadAt())
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
	case ahead != len(c.ahead):
		return fmt.Errorf("%d rows ahead, %d listed", ahead, len(c.ahead))
	case held != c.arena.bytes:
		return fmt.Errorf("%d bytes held, %d counted", held, c.arena.bytes)
	}
	return c.orderFault()
}

// orderFault checks that the runs are sorted and each is more than twice as long as the next.
func (c *Cache) orderFault() error {
	start, before := 0, 1<<40
	for _, end := range c.order.ends {
		run := c.order.places[start:end]
		if !slices.IsSortedFunc(run, func(a, b int32) int { return bytes.Compare(c.aheadKey(a), c.aheadKey(b)) }) {
			return fmt.Errorf("the run of rows ahead from %d to %d is not sorted", start, end)
		}
		if 2*len(run) >= before {
			return fmt.Errorf("a run of %d rows ahead follows one of %d", len(run), before)
		}
		start, before = end, len(run)
	}
	if start != len(c.order.places) {
		return fmt.Errorf("%d rows ahead in runs, %d placed", start, len(c.order.places))
	}
	return nil
}

// Held is the memory held for keys, in bytes.
func (t *Timers) Held() int { return cap(t.keys) + cap(t.spare) }
