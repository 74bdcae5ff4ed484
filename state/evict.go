package state

// evictVisits is how many segments one operation looks at: the first half spares rows used since the last look.
const evictVisits = 16

// maintain compacts and evicts when a segment was opened or became half dead; newest is the row that must not move.
func (c *Cache) maintain(newest ref) {
	if !c.arena.due || c.pinned > 0 {
		return
	}
	c.arena.due = false
	c.compact(newest.segment())
	c.evict(newest.segment(), evictVisits)
}

// compact moves the live rows out of the segments that are more than half dead.
func (c *Cache) compact(keep int) {
	kept := 0
	for i := 0; i < len(c.arena.sparse); i++ {
		id := c.arena.sparse[i]
		switch {
		case !c.arena.segments[id].sparse: // released since
		case id == keep:
			c.arena.sparse[kept], c.arena.due = id, true
			kept++
		default:
			c.evacuate(id)
		}
	}
	c.arena.sparse = c.arena.sparse[:kept]
}

// evict lets clean rows go until the bytes are within the bound, in at most this many looks at a segment.
func (c *Cache) evict(keep, visits int) {
	for visit := range visits {
		if c.Bytes() <= c.limit {
			return
		}
		id := c.next(keep)
		if id == 0 {
			return
		}
		c.sweep(id, visit < visits/2)
	}
}

// next moves the hand to the next sealed segment but keep; 0 when there is none.
func (c *Cache) next(keep int) int {
	for range c.arena.segments {
		c.hand++
		if c.hand >= len(c.arena.segments) {
			c.hand = 1
		}
		if c.hand < len(c.arena.segments) && c.hand != c.arena.active && c.hand != keep && c.arena.segments[c.hand].buf != nil {
			return c.hand
		}
	}
	return 0
}

// sweep evicts the clean rows of a segment, those not referenced alone where it spares, and frees it when that is worth
// moving the rest: a quarter of it dead.
func (c *Cache) sweep(id int, spare bool) {
	c.arena.eachLive(id, func(at ref, w row) {
		switch {
		case w.has(rowAhead):
		case spare && w.has(rowReferenced):
			w.clear(rowReferenced)
		default:
			c.index.remove(c.index.slot(c.hash(w.key()), at))
			c.arena.drop(at)
			c.stats.Evictions++
		}
	})
	if s := c.arena.segments[id]; s.dead*4 >= s.used {
		c.evacuate(id)
	}
}

// evacuate moves the live rows of a sealed segment and frees it.
func (c *Cache) evacuate(id int) {
	c.arena.eachLive(id, func(old ref, w row) {
		at := c.arena.alloc(w.room())
		copy(c.arena.row(at), w[:w.bytes()])
		c.index.entries[c.index.slot(c.hash(w.key()), old)].at = at
		if w.has(rowAhead) {
			c.ahead[w.aheadAt()] = at
		}
	})
	c.arena.release(id)
}
