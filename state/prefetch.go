package state

// prefetchWidth is how many rows are read side by side; wider gained nothing where it was measured.
const prefetchWidth = 64

// Prefetch brings the rows of the keys near before Get and Put use them one by one: rows in the cache are read from memory
// side by side instead of one after the other, which halves the cost of random rows of a large table; keys that the
// cache does not know are read from the store. Keys may repeat. It changes nothing that Get would not.
func (t *Table) Prefetch(keys [][]byte) error {
	for len(keys) > 0 {
		n := min(prefetchWidth, len(keys))
		t.cache.touch(keys[:n])
		for _, key := range keys[:n] {
			if t.cache.has(key) {
				continue
			}
			if _, _, err := t.Get(key); err != nil {
				return err
			}
		}
		keys = keys[n:]
	}
	return nil
}

// touch reads the index entries of the keys, then the rows they point to. Each loop has independent reads only, so the
// processor has many of them under way at once.
func (c *Cache) touch(keys [][]byte) {
	if c.index.count == 0 {
		return
	}
	var rows [prefetchWidth]ref
	mask := uint64(len(c.index.entries) - 1)
	for i, key := range keys {
		hash := c.hash(key)
		if e := &c.index.entries[hash&mask]; e.hash == hash {
			rows[i] = e.at
		}
	}
	for _, at := range rows[:len(keys)] {
		if at == 0 {
			continue
		}
		w := c.arena.row(at)
		c.touched += w[w.bytes()-1] // the far end; the head is read by bytes
	}
}

func (c *Cache) has(key []byte) bool {
	_, at := c.find(c.hash(key), key)
	return at != 0
}
