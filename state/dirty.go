package state

// EachDirty visits the dirty rows in the order they became dirty; ok is false for a deleted key.
func (c *Cache) EachDirty(visit func(key, value []byte, ok bool)) {
	for _, at := range c.dirty {
		w := c.arena.row(at)
		visit(w.key(), w.value(), !w.has(rowAbsent))
	}
}

// Clean makes the dirty rows clean: the engine has them now.
func (c *Cache) Clean() {
	for _, at := range c.dirty {
		c.arena.row(at).clear(rowDirty)
	}
	c.settle()
}

// DropDirty removes the dirty rows; what the engine has of their keys holds again.
func (c *Cache) DropDirty() {
	for _, at := range c.dirty {
		c.index.remove(c.index.slot(c.hash(c.arena.row(at).key()), at))
		c.arena.drop(at)
	}
	c.settle()
}

// settle forgets the list of dirty rows and brings the cache within its bound, which they may have passed.
func (c *Cache) settle() {
	c.dirty, c.dirtyBytes = c.dirty[:0], 0
	c.order.reset()
	c.compact(0)
	c.evict(0, 2*len(c.arena.segments))
}
