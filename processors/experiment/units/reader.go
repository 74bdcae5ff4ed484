package units

import "encoding/binary"

// reader takes fields off the front of a value; after the first malformed one all are zero.
type reader struct {
	rest []byte
	bad  bool
}

func (in *reader) fail() { in.bad, in.rest = true, nil }

// take gives the next n bytes.
func (in *reader) take(n uint64) []byte {
	if n > uint64(len(in.rest)) {
		in.fail()
		return nil
	}
	b := in.rest[:n]
	in.rest = in.rest[n:]
	return b
}

func (in *reader) version() {
	if in.byte() != layout {
		in.fail()
	}
}

func (in *reader) byte() byte {
	if b := in.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (in *reader) uint32() uint32 {
	if b := in.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (in *reader) uint64() uint64 {
	if b := in.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// int reads a zigzag varint.
func (in *reader) int() int64 {
	v, n := binary.Varint(in.rest)
	if n <= 0 {
		in.fail()
		return 0
	}
	in.rest = in.rest[n:]
	return v
}

// count reads a uvarint that an int64 holds.
func (in *reader) count() int64 {
	v, n := binary.Uvarint(in.rest)
	if n <= 0 || v > 1<<63-1 {
		in.fail()
		return 0
	}
	in.rest = in.rest[n:]
	return int64(v)
}

// text reads a count and so many bytes, which alias the value.
func (in *reader) text() []byte { return in.take(uint64(in.count())) }

// optional reads bytes that may be nil.
func (in *reader) optional() []byte {
	n := in.count()
	if n == 0 {
		return nil
	}
	return in.take(uint64(n - 1))
}
