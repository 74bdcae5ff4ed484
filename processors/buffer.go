package processors

import (
	"encoding/binary"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

const (
	leftSide  = 'l'
	rightSide = 'r'

	bufferHead = windowedHead + 1 + 4 // what the key of a row has before the key of its records

	// chunkBytes is the length beyond which a row takes no more records: what is written anew, and
	// logged, for each record of a key that has many of them.
	chunkBytes = 4 << 10

	entryAlone  = 0
	entryPaired = 1 // or forwarded alone
)

// buffer is the store of a join of streams. A row holds the records of one key and side whose event
// times lie in one stretch of time, as long as the window: the partners of a record lie in two of
// them, found without a scan. One row is at hand at a time; its buffers are used again.
type buffer struct {
	table  *state.Table
	width  int64 // of a stretch, in ms
	timer  *topology.Timer
	timers state.Timers // of what closes, with the keys of rows

	last  map[string]uint32 // of the first rows that are full: the number of their last
	first []byte            // key of the first row, where it is full

	plain []byte // encoded key of the record at hand
	key   []byte // of the row at hand
	row   []byte // a copy of it
}

// entry is one record in a row.
type entry struct {
	at, end int // its bytes in the row
	paired  bool
	time    int64 // event time, Unix ms
	value   []byte
}

// open sets the timers of what the store has.
func (b *buffer) open(left, right span) (err error) {
	scanned := eachRow(b.table, bufferHead, nil, func(key, row []byte) bool {
		s := left
		if key[windowedHead] == rightSide {
			s = right
		}
		b.key, b.row = append(b.key[:0], key...), append(b.row[:0], row...)
		b.expect(b.end(s, b.key))
		for at := 1; s.tracked && at < len(b.row); {
			var e entry
			if e, err = b.entry(at); err != nil {
				return false
			}
			if at = e.end; !e.paired {
				b.expect(s.closes(e.time))
			}
		}
		return true
	})
	if err == nil {
		err = scanned
	}
	return err
}

// expect sets a timer for the row at hand.
func (b *buffer) expect(due int64) {
	b.timers.Add(due, b.key)
	b.timer.Sooner(due)
}

// due makes the next row for which a timer is due the one at hand; side 0 if there is none.
func (b *buffer) due(now int64) (side byte, due int64, err error) {
	for found := false; !found; {
		next, ok := b.timers.Next()
		if !ok {
			return 0, 0, nil
		}
		if next > now {
			b.timer.Sooner(next)
			return 0, 0, nil
		}
		key, _, _ := b.timers.Pop()
		b.key, due = append(b.key[:0], key...), next
		if found, err = b.get(); err != nil {
			return 0, 0, err
		}
	}
	return b.key[windowedHead], due, nil
}

// end is the stream time at which the last record that a row may have closes.
func (b *buffer) end(s span, key []byte) int64 {
	_, end := windowOf(key)
	return s.closes(end - 1)
}

// load makes a row of the key at hand the one at hand; false if there is none.
func (b *buffer) load(start int64, side byte, chunk uint32) (bool, error) {
	b.key = appendWindow(b.key[:0], start)
	b.key = binary.BigEndian.AppendUint64(b.key, uint64(start+b.width)^signBit)
	b.key = binary.BigEndian.AppendUint32(append(b.key, side), chunk)
	b.key = append(b.key, b.plain...)
	return b.get()
}

func (b *buffer) get() (bool, error) {
	row, found, err := b.table.Get(b.key)
	if err != nil || !found {
		return false, err
	}
	b.row = append(b.row[:0], row...)
	if len(row) < 1 || row[0] != rowVersion {
		return false, b.malformed()
	}
	return true, nil
}

// entry reads the record at a place of the row at hand.
func (b *buffer) entry(at int) (e entry, err error) {
	rest := b.row[at:]
	if len(rest) < 1+8 {
		return e, b.malformed()
	}
	n, width := binary.Uvarint(rest[9:])
	if width <= 0 || n > uint64(len(rest)-9-width) {
		return e, b.malformed()
	}
	from := at + 9 + width
	e = entry{at: at, end: from + int(n), paired: rest[0] == entryPaired, time: int64(binary.BigEndian.Uint64(rest[1:]))}
	e.value = b.row[from:e.end:e.end]
	return e, nil
}

func (b *buffer) malformed() error {
	return misread(b.table.Name(), b.key, errRow)
}

// add keeps a record of the key at hand, in the first row of its stretch that has room.
func (b *buffer) add(s span, at int64, paired bool, value []byte) error {
	start := floor(at, b.width)
	found, err := b.load(start, s.side, 0)
	if err == nil && found && len(b.row) >= chunkBytes {
		found, err = b.loadLast(start, s.side)
	}
	if err != nil {
		return err
	}
	if !found {
		b.row = append(b.row[:0], rowVersion)
		b.expect(b.end(s, b.key))
	}
	flag := byte(entryAlone)
	if paired {
		flag = entryPaired
	}
	b.row = binary.BigEndian.AppendUint64(append(b.row, flag), uint64(at))
	b.row = appendBytes(b.row, value)
	b.table.Put(b.key, b.row)
	if s.tracked && !paired {
		b.expect(s.closes(at))
	}
	return nil
}

// loadLast makes the first row behind a full one that has room the one at hand, as load does.
//
// Invariant (full before next): a row is begun when those before it are full, and they stay so: what is remembered passes
// over none that has room, and a restart, which forgets it, finds the same.
func (b *buffer) loadLast(start int64, side byte) (found bool, err error) {
	b.first = append(b.first[:0], b.key...)
	known := b.last[string(b.first)]
	chunk := max(known, 1)
	for {
		if found, err = b.load(start, side, chunk); err != nil || !found || len(b.row) < chunkBytes {
			break
		}
		chunk++
	}
	if err == nil && chunk != known {
		if b.last == nil {
			b.last = map[string]uint32{}
		}
		b.last[string(b.first)] = chunk
	}
	return found, err
}

// remove deletes the row at hand, whose stretch has closed.
func (b *buffer) remove() {
	b.table.Delete(b.key)
	if len(b.last) > 0 {
		b.first = append(b.first[:0], b.key...)
		clear(b.first[windowedHead+1 : bufferHead]) // the number
		delete(b.last, string(b.first))
	}
}
