package state

import "encoding/binary"

const (
	segmentMax = 256 << 10
	segmentMin = 4 << 10
	spareMax   = 2 // empty segments kept for the next rows

	rowHead  = 20
	rowAlign = 8
)

// Flags of a row.
const (
	rowDead       byte = 1 << iota // replaced or removed; its bytes wait for compaction
	rowDirty                       // changed since the last commit
	rowAhead                       // not yet in the engine, dirty or committed
	rowReferenced                  // read or written since the eviction hand last passed
	rowAbsent                      // the key has no value: a tombstone when ahead, else known to be missing in the engine
)

// ref names a row: segment number << 15 | offset in the segment in units of rowAlign. 0 is no row.
type ref uint64

const refShift = 15

func (r ref) segment() int { return int(r >> refShift) }
func (r ref) offset() int  { return int(r&(1<<refShift-1)) * rowAlign }

// row is the bytes from a row's head on. Head, little endian: uint32 key length, value length, room for both, place
// among the rows ahead, flags; then key and value.
type row []byte

func (w row) keyLen() int        { return int(binary.LittleEndian.Uint32(w)) }
func (w row) valueLen() int      { return int(binary.LittleEndian.Uint32(w[4:])) }
func (w row) room() int          { return int(binary.LittleEndian.Uint32(w[8:])) }
func (w row) aheadAt() int       { return int(binary.LittleEndian.Uint32(w[12:])) }
func (w row) has(flag byte) bool { return w[16]&flag != 0 }
func (w row) size() int          { return w.keyLen() + w.valueLen() }
func (w row) bytes() int         { return align(rowHead + w.room()) }

func (w row) set(flag byte)   { w[16] |= flag }
func (w row) clear(flag byte) { w[16] &^= flag }

func (w row) setAheadAt(i int) { binary.LittleEndian.PutUint32(w[12:], uint32(i)) }

func (w row) key() []byte {
	end := rowHead + w.keyLen()
	return w[rowHead:end:end]
}

func (w row) value() []byte {
	start := rowHead + w.keyLen()
	end := start + w.valueLen()
	return w[start:end:end]
}

func (w row) setKey(key []byte, room int) {
	binary.LittleEndian.PutUint32(w, uint32(len(key)))
	binary.LittleEndian.PutUint32(w[8:], uint32(room))
	binary.LittleEndian.PutUint32(w[12:], 0)
	binary.LittleEndian.PutUint32(w[16:], 0)
	copy(w[rowHead:], key)
}

func (w row) setValue(value []byte) {
	copy(w[rowHead+w.keyLen():], value)
	binary.LittleEndian.PutUint32(w[4:], uint32(len(value)))
}

func align(n int) int { return (n + rowAlign - 1) &^ (rowAlign - 1) }

// segment is one slab of rows, filled from its start. A large row has a segment of its own.
type segment struct {
	buf    []byte // nil: the number is free
	used   int    // bytes filled
	dead   int    // bytes of them in dead rows
	sparse bool   // waits in arena.sparse
}

// arena holds rows in segments without a pointer per row.
type arena struct {
	size     int       // bytes of a segment
	segments []segment // by number; 0 is never used
	free     []int     // numbers to use again
	spare    [][]byte
	active   int   // the segment being filled; 0 none
	sparse   []int // sealed segments that are more than half dead
	bytes    int64 // held in segments and spares
	due      bool  // a segment was opened or became sparse since Cache.maintain last looked
}

func newArena(limit int64) arena {
	size := segmentMin
	for size < segmentMax && int64(size) < limit/32 {
		size *= 2
	}
	return arena{size: size, segments: make([]segment, 1)}
}

func (a *arena) row(r ref) row { return row(a.segments[r.segment()].buf[r.offset():]) }

// alloc finds place for a row with this room for key and value.
func (a *arena) alloc(room int) ref {
	n := align(rowHead + room)
	if n > a.size/4 {
		a.bytes += int64(n)
		id := a.open(make([]byte, n))
		a.segments[id].used = n
		return ref(id) << refShift
	}
	if a.active == 0 || a.segments[a.active].used+n > a.size {
		a.seal()
		a.active = a.open(a.blank())
	}
	s := &a.segments[a.active]
	at := s.used
	s.used += n
	return ref(a.active)<<refShift | ref(at/rowAlign)
}

// drop declares a row dead. Its bytes stay until the segment is released.
func (a *arena) drop(r ref) {
	w := a.row(r)
	w.set(rowDead)
	a.segments[r.segment()].dead += w.bytes()
	a.noteSparse(r.segment())
}

func (a *arena) seal() {
	if id := a.active; id != 0 {
		a.active = 0
		a.noteSparse(id)
	}
}

func (a *arena) noteSparse(id int) {
	s := &a.segments[id]
	if id == a.active || s.sparse || s.dead*2 <= s.used {
		return
	}
	s.sparse, a.due = true, true
	a.sparse = append(a.sparse, id)
}

func (a *arena) blank() []byte {
	if n := len(a.spare); n > 0 {
		buf := a.spare[n-1]
		a.spare = a.spare[:n-1]
		return buf
	}
	a.bytes += int64(a.size)
	return make([]byte, a.size)
}

func (a *arena) open(buf []byte) int {
	a.due = true
	if n := len(a.free); n > 0 {
		id := a.free[n-1]
		a.free = a.free[:n-1]
		a.segments[id] = segment{buf: buf}
		return id
	}
	a.segments = append(a.segments, segment{buf: buf})
	return len(a.segments) - 1
}

func (a *arena) release(id int) {
	buf := a.segments[id].buf
	a.segments[id] = segment{}
	a.free = append(a.free, id)
	if len(buf) == a.size && len(a.spare) < spareMax {
		a.spare = append(a.spare, buf)
		return
	}
	a.bytes -= int64(len(buf))
}

// eachLive visits the live rows of a segment. Visit may drop the row it is given.
func (a *arena) eachLive(id int, visit func(r ref, w row)) {
	s := a.segments[id]
	for at := 0; at < s.used; {
		w := row(s.buf[at:])
		n := w.bytes()
		if !w.has(rowDead) {
			visit(ref(id)<<refShift|ref(at/rowAlign), w)
		}
		at += n
	}
}
