package processors

import (
	"encoding/binary"
	"slices"
)

// session is one entry of a key's row.
type session struct {
	flags      byte
	start, end int64
	result     []byte // encoded; aliases the row
}

// The flags of a session in its row.
const (
	told  byte = 1 << iota // this window has been forwarded
	owed                   // its result has changed since
	gone                   // it is part of a later session, and its tombstone is owed
	final                  // it closes now; in no row
)

const sessionHead = 1 + 8 + 8

// sessionRow is all open sessions of a key, by start. Its layout is in the package doc.
type sessionRow struct {
	all  []session
	data []byte // what it was parsed from
}

// parse reads a row; nil is that of a key without sessions. The bytes are copied.
func (r *sessionRow) parse(stored []byte) error {
	r.all, r.data = r.all[:0], append(r.data[:0], stored...)
	if stored == nil {
		return nil
	}
	if len(stored) == 0 || stored[0] != rowVersion {
		return errRow
	}
	for rest := r.data[1:]; len(rest) > 0; {
		if len(rest) < sessionHead || rest[0] >= final {
			return errRow
		}
		s := session{flags: rest[0], start: int64(binary.BigEndian.Uint64(rest[1:])), end: int64(binary.BigEndian.Uint64(rest[9:]))}
		n, width := binary.Uvarint(rest[sessionHead:])
		if width <= 0 || n > uint64(len(rest)-sessionHead-width) {
			return errRow
		}
		s.result, rest = cutBytes(rest[sessionHead:])
		r.all = append(r.all, s)
	}
	return nil
}

// append encodes the row.
func (r *sessionRow) append(dst []byte) []byte {
	dst = append(dst, rowVersion)
	for _, s := range r.all {
		dst = binary.BigEndian.AppendUint64(append(dst, s.flags), uint64(s.start))
		dst = binary.BigEndian.AppendUint64(dst, uint64(s.end))
		dst = appendBytes(dst, s.result)
	}
	return dst
}

// insert puts a session in its place.
func (r *sessionRow) insert(s session) {
	at := len(r.all)
	for at > 0 && r.all[at-1].start > s.start {
		at--
	}
	r.all = slices.Insert(r.all, at, s)
}

// owes says whether the session, or its tombstone, is to be forwarded.
func (s session) owes() bool { return s.flags&(owed|gone) != 0 }

// owes says whether anything is to be forwarded.
func (r *sessionRow) owes() bool { return slices.ContainsFunc(r.all, session.owes) }

// drop removes the sessions with a flag.
func (r *sessionRow) drop(flag byte) {
	r.all = slices.DeleteFunc(r.all, func(s session) bool { return s.flags&flag != 0 })
}

// firstEnd is the least end of the sessions and of windows that are gone; false when there is none.
func (r *sessionRow) firstEnd() (end int64, ok bool) {
	for _, s := range r.all {
		if !ok || s.end < end {
			end, ok = s.end, true
		}
	}
	return end, ok
}

// holder is the session that a window which is gone is part of.
func (r *sessionRow) holder(g session) session {
	for _, s := range r.all {
		if s.flags&gone == 0 && s.start <= g.start && s.end >= g.end {
			return s
		}
	}
	return g
}
