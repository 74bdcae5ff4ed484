package processors

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// pairs is the store of a join of two tables: a row holds what both have for a key. One row is at
// hand at a time; its buffers are used again.
type pairs struct {
	table             *state.Table
	key               []byte
	stored            []byte // a copy of the row at hand, which the halves alias
	fresh             []byte
	left, right       half
	hadLeft, hadRight bool // before the last change
	changed           bool // by the last record
}

// half is the newest value of one side.
type half struct {
	found bool
	time  int64 // event time, Unix ms
	value []byte
}

const (
	hasLeft  = 1
	hasRight = 2
)

// load makes the row of a key, in p.key, the one at hand.
func (p *pairs) load() error {
	p.left, p.right, p.changed = half{}, half{}, false
	stored, found, err := p.table.Get(p.key)
	if err == nil && found {
		p.stored = append(p.stored[:0], stored...)
		err = p.parse(p.stored)
	}
	p.hadLeft, p.hadRight = p.left.found, p.right.found
	return err
}

func (p *pairs) parse(row []byte) (err error) {
	if len(row) < 2 || row[0] != rowVersion {
		return p.malformed()
	}
	rest := row[2:]
	if row[1]&hasLeft != 0 {
		if rest, err = p.cut(&p.left, rest); err != nil {
			return err
		}
	}
	if row[1]&hasRight != 0 {
		_, err = p.cut(&p.right, rest)
	}
	return err
}

// cut reads a half and gives what follows it.
func (p *pairs) cut(h *half, row []byte) (rest []byte, err error) {
	if len(row) < 8 {
		return nil, p.malformed()
	}
	h.found, h.time = true, int64(binary.BigEndian.Uint64(row))
	n, width := binary.Uvarint(row[8:])
	if width <= 0 || n > uint64(len(row)-8-width) {
		return nil, p.malformed()
	}
	h.value, rest = cutBytes(row[8:])
	return rest, nil
}

func (p *pairs) malformed() error {
	return misread(p.table.Name(), p.key, errRow)
}

// write puts the row at hand back, or deletes it where no half is left.
func (p *pairs) write() {
	p.changed = true
	if !p.left.found && !p.right.found {
		p.table.Delete(p.key)
		return
	}
	p.fresh = append(p.fresh[:0], rowVersion, 0)
	if p.left.found {
		p.fresh[1] |= hasLeft
		p.fresh = p.left.append(p.fresh)
	}
	if p.right.found {
		p.fresh[1] |= hasRight
		p.fresh = p.right.append(p.fresh)
	}
	p.table.Put(p.key, p.fresh)
}

func (h *half) append(dst []byte) []byte {
	return appendBytes(binary.BigEndian.AppendUint64(dst, uint64(h.time)), h.value)
}

// side is the typed end of one half.
type side[K, V any] struct {
	aside[K, V]
	encoded []byte // value of the record at hand
	parsed  V
}

// take takes a record into the half of its key. What a codec refuses is a dead letter and changes nothing.
func (s *side[K, V]) take(p *pairs, h *half, rec *topology.Record[K, V]) (err error) {
	p.changed = false
	if s.skipsKeyless(rec) {
		return nil
	}
	if p.key, err = s.key.Append(p.key[:0], rec.Key); err != nil {
		s.reject(rec, ReasonFailed, fmt.Errorf("key: %w", err))
		return nil
	}
	if rec.Tombstone {
		s.encoded = s.encoded[:0]
	} else if s.encoded, err = s.value.Append(s.encoded[:0], rec.Value); err != nil {
		s.reject(rec, ReasonFailed, fmt.Errorf("value: %w", err))
		return nil
	}
	if err := p.load(); err != nil {
		return err
	}
	if h.found == !rec.Tombstone && bytes.Equal(h.value, s.encoded) {
		return nil
	}
	*h = half{found: !rec.Tombstone, time: rec.Time, value: s.encoded}
	p.write()
	return nil
}

// parse gives the value of a half of the row at hand, nil where there is none.
func (s *side[K, V]) parse(p *pairs, h *half) (*V, error) {
	if !h.found {
		return nil, nil
	}
	if err := s.value.Parse(h.value, &s.parsed); err != nil {
		return nil, misread(s.name, p.key, err)
	}
	return &s.parsed, nil
}
