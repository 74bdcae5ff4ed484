package state

// entry is one place of the index; at 0 is an empty place.
type entry struct {
	hash uint64
	at   ref
}

// index finds rows by the hash of their key: open addressing, linear probing, no tombstones. Two keys of one hash are two
// entries; the caller compares the keys.
type index struct {
	entries []entry // a power of two
	count   int
}

const (
	indexMin   = 64
	entryBytes = 16
)

func (x *index) add(hash uint64, at ref) {
	if (x.count+1)*4 > len(x.entries)*3 {
		x.grow()
	}
	x.place(entry{hash, at})
	x.count++
}

func (x *index) place(e entry) {
	mask := uint64(len(x.entries) - 1)
	i := e.hash & mask
	for x.entries[i].at != 0 {
		i = (i + 1) & mask
	}
	x.entries[i] = e
}

func (x *index) grow() { x.resize(max(indexMin, 2*len(x.entries))) }

// shrink gives up places where not one in eight is taken, and leaves room for as many rows again.
func (x *index) shrink() {
	n := len(x.entries)
	for n > indexMin && x.count*8 < n {
		n /= 2
	}
	if n < len(x.entries) {
		x.resize(n)
	}
}

func (x *index) resize(n int) {
	old := x.entries
	x.entries = make([]entry, n)
	for _, e := range old {
		if e.at != 0 {
			x.place(e)
		}
	}
}

// slot is the place of a row that is in the index.
func (x *index) slot(hash uint64, at ref) int {
	mask := uint64(len(x.entries) - 1)
	i := hash & mask
	for x.entries[i].at != at {
		i = (i + 1) & mask
	}
	return int(i)
}

// remove empties a place and moves the entries behind it up, so that no probe ends too early.
func (x *index) remove(slot int) {
	mask := uint64(len(x.entries) - 1)
	hole := uint64(slot)
	for i := (hole + 1) & mask; x.entries[i].at != 0; i = (i + 1) & mask {
		home := x.entries[i].hash & mask
		if (i-home)&mask >= (i-hole)&mask {
			x.entries[hole] = x.entries[i]
			hole = i
		}
	}
	x.entries[hole] = entry{}
	x.count--
}

func (x *index) bytes() int64 { return int64(len(x.entries)) * entryBytes }
