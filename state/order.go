package state

import (
	"bytes"
	"slices"
	"sort"
)

// order keeps the rows ahead sorted by key for scans, as runs each more than twice as long as the next. A row is its place
// in Cache.ahead, which holds however the row moves. Nothing is done until a scan asks.
type order struct {
	places  []int32 // the runs, one behind the other; together the first len(places) rows ahead
	ends    []int   // of the runs
	scratch []int32
}

func (o *order) reset() { o.places, o.ends = o.places[:0], o.ends[:0] }

// aheadBetween appends the rows ahead with from <= key < to, sorted by key; an empty bound is open. With d of them, m of
// them found and n new since the call before it costs O(log² d + m log m), and O(log d) amortised for each of the n.
func (c *Cache) aheadBetween(dst []ref, from, to []byte) []ref {
	c.sortAhead()
	first, start, runs := len(dst), 0, 0
	for _, end := range c.order.ends {
		run := c.order.places[start:end]
		start = end
		low := c.search(run, from)
		high := len(run)
		if len(to) > 0 {
			high = c.search(run, to)
		}
		if low >= high {
			continue
		}
		runs++
		for _, place := range run[low:high] {
			dst = append(dst, c.ahead[place])
		}
	}
	if runs > 1 {
		slices.SortFunc(dst[first:], func(a, b ref) int {
			return bytes.Compare(c.arena.row(a).key(), c.arena.row(b).key())
		})
	}
	return dst
}

// sortAhead makes a run of the rows that came since the last call and merges it with those that are not twice its length.
func (c *Cache) sortAhead() {
	o := &c.order
	start := len(o.places)
	if start == len(c.ahead) {
		return
	}
	for place := start; place < len(c.ahead); place++ {
		o.places = append(o.places, int32(place))
	}
	slices.SortFunc(o.places[start:], func(a, b int32) int { return bytes.Compare(c.aheadKey(a), c.aheadKey(b)) })
	for len(o.ends) > 0 {
		before := 0
		if n := len(o.ends); n > 1 {
			before = o.ends[n-2]
		}
		if start-before > 2*(len(o.places)-start) {
			break
		}
		c.mergeRuns(before, start)
		o.ends = o.ends[:len(o.ends)-1]
		start = before
	}
	o.ends = append(o.ends, len(o.places))
}

// mergeRuns makes one run of the last two, which begin at these places.
func (c *Cache) mergeRuns(left, right int) {
	o := &c.order
	o.scratch = append(o.scratch[:0], o.places[left:right]...)
	a, b, out := o.scratch, o.places[right:], o.places[left:left]
	for len(a) > 0 && len(b) > 0 {
		if bytes.Compare(c.aheadKey(a[0]), c.aheadKey(b[0])) < 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	copy(o.places[left+len(out):], a) // what is left of b is in place
}

// search is the first place in a run whose key is not below the bound.
func (c *Cache) search(run []int32, bound []byte) int {
	return sort.Search(len(run), func(i int) bool { return bytes.Compare(c.aheadKey(run[i]), bound) >= 0 })
}

func (c *Cache) aheadKey(place int32) []byte { return c.arena.row(c.ahead[place]).key() }
