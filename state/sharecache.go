package state

import "math"

// ShareCache bounds the caches of tables together: none may grow beyond its part of the bytes until the next call, which
// costs a look at each table. Call it between commits, of a worker or a process.
//
// What is free goes to the tables that had to evict rows since the last call; where there are any, those that hold more
// than an equal part give back a little of the excess with each call. So a table that is idle keeps what nobody asks for,
// and one that is busy comes to an equal part at least. An eighth of the bytes is kept for the least that each may have.
// Rows ahead of the engine stay whatever the bound.
func ShareCache(bytes int64, tables []*Table) {
	if len(tables) == 0 {
		return
	}
	s := sharing{fair: (bytes - bytes/8) / int64(len(tables)), free: bytes - bytes/8}
	for _, t := range tables {
		s.free -= t.cache.claim()
		s.excess += max(t.cache.claim()-s.fair, 0)
		if t.cache.hungry() {
			s.hungry++
		}
	}
	s.over = max(-s.free, 0)
	free := s.free
	for _, t := range tables {
		free += s.gives(t.cache)
	}
	grow := max(free, 0) / int64(len(tables))
	if s.hungry > 0 {
		grow = max(free, 0) / s.hungry
	}
	for _, t := range tables {
		part := t.cache.claim() - s.gives(t.cache)
		if s.hungry == 0 || t.cache.hungry() {
			part += grow
		}
		least := bytes / 8 / int64(len(tables))
		t.cache.spacious = max(t.cache.Bytes()+max(s.free, 0), least)
		t.cache.bound(max(part, least))
	}
}

// sharing is what ShareCache knows of the claims of all caches, in bytes.
type sharing struct {
	fair   int64 // an equal part
	free   int64 // held by none; negative where they hold too much
	over   int64 // that they hold too much
	excess int64 // held beyond equal parts
	hungry int64 // number of caches
}

// gives is what a cache has to give back: of what it holds beyond an equal part a sixteenth where others are hungry, and
// its part of what all hold too much.
func (s *sharing) gives(c *Cache) int64 {
	excess := c.claim() - s.fair
	if excess <= 0 {
		return 0
	}
	give := int64(math.Ceil(float64(excess) * float64(s.over) / float64(s.excess)))
	if s.hungry > 1 || s.hungry == 1 && !c.hungry() {
		give = max(give, (excess+15)/16)
	}
	return min(give, excess)
}

// hungry says that the cache has evicted rows since the bound was last set.
func (c *Cache) hungry() bool { return c.stats.Evictions > c.bounded }

// claim is what a cache holds, and the part of another segment that it has been given: bounds grow by less than a segment.
func (c *Cache) claim() int64 {
	return max(c.Bytes(), min(c.limit, c.Bytes()+int64(c.arena.size)))
}

// bound sets the bytes that the cache may have and brings it within them.
func (c *Cache) bound(bytes int64) {
	c.limit = bytes
	c.compact(0)
	c.evict(0, 2*len(c.arena.segments))
	if c.Bytes() > c.limit {
		c.index.shrink()
		if len(c.ahead) == 0 {
			c.ahead, c.dirty = nil, nil
		}
	}
	c.bounded = c.stats.Evictions
}
