package processors

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

const (
	keyRow    = 'k' // before the key of a row on the left
	numberRow = 'n' // the key of the last version given

	refers    = 1 // flags of a row: it has a foreign key
	hasResult = 2 // a result of it is standing
)

// referring is the left side of a foreign-key join: it subscribes its rows to those they refer to
// and forwards the results that come back.
//
// Invariant (newest): each change of a row has a version of its own, which its responses carry. One
// of another version, of a row as it was or of a key it no longer refers to, is dropped.
type referring[K, L, FK, VO any] struct {
	aside[K, L]
	by      Foreign[K, L, FK, VO]
	foreign codecs.Codec[FK]
	alone   func(k K, l L) VO // result of a row that refers to none; nil: there is none
	sink    *topology.SinkNode
	out     topology.Forward[K, VO]
	rows    *state.Table

	encoded, key, old, fresh, sent []byte // the row's foreign key and key; the row as it was and as it will be; a subscription
	next                           topology.Record[K, VO]
}

// reference is a row on the left as it is stored: version 8 | flags 1 | foreign key.
type reference struct {
	version uint64
	flags   byte
	foreign []byte
}

func (p *referring[K, L, FK, VO]) Init(ctx topology.Context) error {
	p.rows = ctx.Table(p.name)
	return p.aside.Init(ctx)
}

func (p *referring[K, L, FK, VO]) takeLeft(rec *topology.Record[K, L]) error {
	if p.skipsKeyless(rec) {
		return nil
	}
	to, err := p.encode(rec)
	if err != nil {
		p.reject(rec, ReasonFailed, err)
		return nil
	}
	was, err := p.load(rec.Key)
	if err != nil {
		return err
	}
	if was.flags&refers != 0 && (to&refers == 0 || !bytes.Equal(was.foreign, p.encoded)) {
		p.send(rec, was.foreign, 0, nil)
	}
	if rec.Tombstone {
		p.rows.Delete(p.key)
		return p.withdraw(rec, was)
	}
	version, err := p.number()
	if err != nil {
		return err
	}
	switch flags := to | was.flags&hasResult; {
	case to&refers != 0:
		p.send(rec, p.encoded, version, p.fresh)
		p.write(version, flags, p.encoded)
		return nil
	case p.alone == nil:
		p.write(version, 0, nil)
		return p.withdraw(rec, was)
	}
	p.write(version, hasResult, nil)
	p.next = topology.Record[K, VO]{Key: rec.Key, Value: p.alone(rec.Key, rec.Value), Time: rec.Time, Headers: rec.Headers}
	return p.out(&p.next)
}

// encode gives the flags of a record; its foreign key and value are in p.encoded and p.fresh.
func (p *referring[K, L, FK, VO]) encode(rec *topology.Record[K, L]) (flags byte, err error) {
	if p.key, err = p.aside.key.Append(append(p.key[:0], keyRow), rec.Key); err != nil {
		return 0, fmt.Errorf("key: %w", err)
	}
	if rec.Tombstone {
		return 0, nil
	}
	if p.fresh, err = p.value.Append(p.fresh[:0], rec.Value); err != nil {
		return 0, fmt.Errorf("value: %w", err)
	}
	foreign, ok := p.by.Key(rec.Key, rec.Value)
	if !ok {
		return 0, nil
	}
	if p.encoded, err = p.foreign.Append(p.encoded[:0], foreign); err != nil {
		return 0, fmt.Errorf("foreign key: %w", err)
	}
	return refers, nil
}

// load reads the row of a key.
func (p *referring[K, L, FK, VO]) load(key K) (r reference, err error) {
	if p.key, err = p.aside.key.Append(append(p.key[:0], keyRow), key); err != nil {
		return r, err
	}
	row, found, err := p.rows.Get(p.key)
	if err != nil || !found {
		return r, err
	}
	if len(row) < 1+8+1 || row[0] != rowVersion {
		return r, misread(p.name, p.key, errRow)
	}
	p.old = append(p.old[:0], row...)
	return reference{version: binary.BigEndian.Uint64(p.old[1:]), flags: p.old[9], foreign: p.old[10:]}, nil
}

func (p *referring[K, L, FK, VO]) write(version uint64, flags byte, foreign []byte) {
	p.fresh = binary.BigEndian.AppendUint64(append(p.fresh[:0], rowVersion), version)
	p.fresh = append(append(p.fresh, flags), foreign...)
	p.rows.Put(p.key, p.fresh)
}

// number gives the next version of this task.
func (p *referring[K, L, FK, VO]) number() (uint64, error) {
	last := uint64(0)
	row, found, err := p.rows.Get([]byte{numberRow})
	if err != nil {
		return 0, err
	}
	if found {
		if len(row) != 1+8 || row[0] != rowVersion {
			return 0, misread(p.name, []byte{numberRow}, errRow)
		}
		last = binary.BigEndian.Uint64(row[1:])
	}
	p.rows.Put([]byte{numberRow}, binary.BigEndian.AppendUint64([]byte{rowVersion}, last+1))
	return last + 1, nil
}

// send tells the task of a foreign key that the row refers to it in this version, or no longer (0).
func (p *referring[K, L, FK, VO]) send(rec *topology.Record[K, L], foreign []byte, version uint64, value []byte) {
	p.sent = binary.BigEndian.AppendUint64(append(p.sent[:0], rowVersion), version)
	p.sent = append(appendBytes(p.sent, p.key[1:]), value...)
	p.Send(p.sink.Index(), topology.Encoded{Key: foreign, Value: p.sent, Time: rec.Time, Partition: -1, Headers: rec.Headers})
}

// withdraw forwards a tombstone where a result is standing.
func (p *referring[K, L, FK, VO]) withdraw(rec *topology.Record[K, L], was reference) error {
	if was.flags&hasResult == 0 {
		return nil
	}
	p.next = topology.Record[K, VO]{Key: rec.Key, Time: rec.Time, Headers: rec.Headers, Tombstone: true}
	return p.out(&p.next)
}

// takeResponse forwards a result that has come back, unless the row has changed since.
func (p *referring[K, L, FK, VO]) takeResponse(rec *topology.Record[K, []byte]) error {
	r := rec.Value
	if len(r) < 1+8+1 || r[0] != rowVersion {
		return fmt.Errorf("node %q: response of %d bytes: %w", p.name, len(r), errRow)
	}
	was, err := p.load(rec.Key)
	if err != nil || was.flags&refers == 0 || was.version != binary.BigEndian.Uint64(r[1:]) {
		return err
	}
	p.next = topology.Record[K, VO]{Key: rec.Key, Time: rec.Time, Headers: rec.Headers}
	if p.next.Tombstone = r[9] == 0; p.next.Tombstone {
		if was.flags&hasResult == 0 {
			return nil
		}
		p.write(was.version, refers, was.foreign)
		return p.out(&p.next)
	}
	if err := p.by.Result.Parse(r[10:], &p.next.Value); err != nil {
		return fmt.Errorf("node %q: response: %w", p.name, err)
	}
	p.write(was.version, refers|hasResult, was.foreign)
	return p.out(&p.next)
}
