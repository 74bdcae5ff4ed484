package replay

import "container/heap"

// converts says whether the n-th unit converts: every so many-th does.
func (c counts) converts(n int64) bool {
	return c.units > 0 && (n+1)*c.converted/c.units > n*c.converted/c.units
}

// turn is the next unit of a row: the n-th of so many.
type turn struct {
	row   *aggregate
	n, of int64
	at    int // of the row among all
}

// turns are rows that have units left, the next to come first: each is as far through its units as the others.
type turns []turn

// turns are those of all rows that have units.
func (e *expansion) turns() (all turns) {
	for i := range e.rows {
		if of := e.rows[i].counts[e.metrics[0]].units; of > 0 {
			all = append(all, turn{&e.rows[i], 0, of, i})
		}
	}
	heap.Init(&all)
	return all
}

// next moves on to the unit after the first.
func (t *turns) next() {
	first := &(*t)[0]
	if first.n++; first.n == first.of {
		heap.Pop(t)
		return
	}
	heap.Fix(t, 0)
}

func (t turns) Len() int      { return len(t) }
func (t turns) Swap(i, j int) { t[i], t[j] = t[j], t[i] }

// Less compares the middles of the units, as parts of their rows.
func (t turns) Less(i, j int) bool {
	a, b := (2*t[i].n+1)*t[j].of, (2*t[j].n+1)*t[i].of
	return a < b || a == b && t[i].at < t[j].at
}

func (t *turns) Push(x any) { *t = append(*t, x.(turn)) }

func (t *turns) Pop() any {
	last := (*t)[len(*t)-1]
	*t = (*t)[:len(*t)-1]
	return last
}
