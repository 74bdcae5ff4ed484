package load

// wheel holds what happens in later slots: a list a slot, used again when the wheel has turned once. The lists share
// one arena, so that a wheel in motion allocates nothing.
type wheel struct {
	heads   []int32 // by slot: 1 + the index of its last node; 0: none
	nodes   []node
	free    int32 // likewise, of the nodes to be used again
	mask    uint64
	waiting int // entries in lists and ready

	ready []entry // of the current slot and before, in order
	taken int     // of ready
}

// node is one entry of a list.
type node struct {
	entry
	before int32
}

// entry is one event to come.
type entry struct {
	unit       uint64
	time       int64 // Unix ms, where timed
	amount     int64 // cents of a purchase, tenths of a ms of a call
	experiment int32
	variant    uint8
	kind       kind
	timed      bool // has its time already: late, or a duplicate
	duplicate  bool
}

// kind is what an entry becomes. Its letter ends the event's id.
type kind uint8

const (
	exposed  kind = 'x'
	returned kind = 'y' // the same unit exposed again
	bought   kind = 'p'
	again    kind = 'q' // the same unit's second purchase
	failed   kind = 'e' // made an error
	called   kind = 't' // tagged
)

// newWheel returns one for delays below slots.
func newWheel(slots int) *wheel {
	size := 1
	for size < slots {
		size *= 2
	}
	return &wheel{heads: make([]int32, size), mask: uint64(size - 1)}
}

// put has e come out at slot at, which is later than the current one by less than the wheel's size.
func (w *wheel) put(at uint64, e entry) {
	head := &w.heads[at&w.mask]
	n := w.free
	if n == 0 {
		w.nodes = append(w.nodes, node{})
		n = int32(len(w.nodes))
	} else {
		w.free = w.nodes[n-1].before
	}
	w.nodes[n-1] = node{entry: e, before: *head}
	*head = n
	w.waiting++
}

// turn makes the entries of slot ready.
func (w *wheel) turn(slot uint64) {
	head := &w.heads[slot&w.mask]
	if *head == 0 {
		return
	}
	if w.taken == len(w.ready) {
		w.ready, w.taken = w.ready[:0], 0
	}
	for n := *head; n != 0; {
		at := &w.nodes[n-1]
		w.ready = append(w.ready, at.entry)
		next := at.before
		at.before, w.free = w.free, n
		n = next
	}
	*head = 0
}

// next takes the next ready entry.
func (w *wheel) next() (e entry, ok bool) {
	if w.taken == len(w.ready) {
		return entry{}, false
	}
	e = w.ready[w.taken]
	w.taken++
	w.waiting--
	return e, true
}
