package state

// EachDirty visits the rows changed since the last commit in the order they became so; ok is false for a deleted key.
func (c *Cache) EachDirty(visit func(key, value []byte, ok bool)) {
	for _, place := range c.dirty {
		w := c.arena.row(c.ahead[place])
		visit(w.key(), w.value(), !w.has(rowAbsent))
	}
}

// EachAhead visits the rows that the engine does not have, the dirty ones included.
func (c *Cache) EachAhead(visit func(key, value []byte, ok bool)) {
	for _, at := range c.ahead {
		w := c.arena.row(at)
		visit(w.key(), w.value(), !w.has(rowAbsent))
	}
}

// Commit makes the dirty rows committed ones: the log has them, the engine does not.
func (c *Cache) Commit() {
	for _, place := range c.dirty {
		c.arena.row(c.ahead[place]).clear(rowDirty)
	}
	c.dirty, c.dirtyBytes = c.dirty[:0], 0
}

// Clean makes the rows ahead clean: the engine has them now.
func (c *Cache) Clean() {
	for _, at := range c.ahead {
		c.arena.row(at).clear(rowDirty | rowAhead)
	}
	c.settle()
}

// DropAhead removes the rows ahead; what the engine has of their keys holds again.
func (c *Cache) DropAhead() {
	for _, at := range c.ahead {
		c.index.remove(c.index.slot(c.hash(c.arena.row(at).key()), at))
		c.arena.drop(at)
	}
	c.settle()
}

// settle forgets the lists of rows ahead and brings the cache within its bound, which they may have passed.
func (c *Cache) settle() {
	c.ahead, c.aheadBytes, c.dirty, c.dirtyBytes = c.ahead[:0], 0, c.dirty[:0], 0
	c.order.reset()
	c.compact(0)
	c.evict(0, 2*len(c.arena.segments))
}
