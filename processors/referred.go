package processors

import (
	"encoding/binary"
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

const (
	foreignRow      = 'r' // behind the foreign key: the row on the right
	subscriptionRow = 's' // and before the key of a row that refers to it
)

// referred is the right side of a foreign-key join: rows, and which on the left refer to them. All
// of one foreign key lie together: uvarint length, foreign key, then the row or a subscription.
type referred[K, L, FK, R, VO any] struct {
	aside[FK, R]
	kind    kind
	join    func(k K, l L, r *R) VO
	keys    codecs.Codec[K]
	lefts   codecs.Codec[L]
	results codecs.Codec[VO]
	sink    *topology.SinkNode
	rows    *state.Table

	key, until, plain, stored, fresh, sent []byte

	row     R // the one at hand
	left    L
	leftKey K
}

func (p *referred[K, L, FK, R, VO]) Init(ctx topology.Context) error {
	p.rows = ctx.Table(p.name)
	return p.aside.Init(ctx)
}

// place sets p.key to where a row of a foreign key lies.
func (p *referred[K, L, FK, R, VO]) place(key FK, kind byte) (err error) {
	if p.plain, err = p.aside.key.Append(p.plain[:0], key); err == nil {
		p.key = append(appendBytes(p.key[:0], p.plain), kind)
	}
	return err
}

// takeSubscription keeps that a row on the left refers to a key, and answers it.
func (p *referred[K, L, FK, R, VO]) takeSubscription(rec *topology.Record[FK, []byte]) error {
	s := rec.Value
	if len(s) < 1+8+1 || s[0] != rowVersion {
		return fmt.Errorf("node %q: subscription of %d bytes: %w", p.name, len(s), errRow)
	}
	version := binary.BigEndian.Uint64(s[1:])
	key, value := cutBytes(s[9:])
	if err := p.place(rec.Key, foreignRow); err != nil {
		return err
	}
	row, found, err := p.rows.Get(p.key)
	if err != nil {
		return err
	}
	at := rec.Time
	if found {
		p.stored = append(p.stored[:0], row...) // what is parsed may alias it
		stored, err := p.parse(p.stored)
		if err != nil {
			return err
		}
		at = max(at, stored)
	}
	p.key = append(append(p.key[:len(p.key)-1], subscriptionRow), key...)
	if version == 0 {
		p.rows.Delete(p.key)
		return nil
	}
	p.fresh = binary.BigEndian.AppendUint64(append(p.fresh[:0], rowVersion), version)
	p.fresh = append(binary.BigEndian.AppendUint64(p.fresh, uint64(rec.Time)), value...)
	p.rows.Put(p.key, p.fresh)
	return p.respond(found, key, p.fresh, at, rec.Headers)
}

// takeRow keeps a row on the right and answers all that refer to it.
func (p *referred[K, L, FK, R, VO]) takeRow(rec *topology.Record[FK, R]) error {
	if p.skipsKeyless(rec) {
		return nil
	}
	if err := p.place(rec.Key, foreignRow); err != nil {
		p.reject(rec, ReasonFailed, fmt.Errorf("key: %w", err))
		return nil
	}
	if rec.Tombstone {
		p.rows.Delete(p.key)
	} else {
		fresh, err := p.value.Append(binary.BigEndian.AppendUint64(append(p.fresh[:0], rowVersion), uint64(rec.Time)), rec.Value)
		if err != nil {
			p.reject(rec, ReasonFailed, fmt.Errorf("value: %w", err))
			return nil
		}
		p.fresh, p.row = fresh, rec.Value
		p.rows.Put(p.key, p.fresh)
	}
	p.key[len(p.key)-1] = subscriptionRow
	p.until = append(p.until[:0], p.key...)
	p.until[len(p.until)-1]++
	var failed error
	err := p.rows.Scan(p.key, p.until, func(key, subscription []byte) bool {
		failed = p.respond(!rec.Tombstone, key[len(p.key):], subscription, rec.Time, rec.Headers)
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	return err
}

// parse makes a row on the right the one at hand and gives its time.
func (p *referred[K, L, FK, R, VO]) parse(row []byte) (int64, error) {
	if len(row) < 1+8 || row[0] != rowVersion {
		return 0, misread(p.name, p.key, errRow)
	}
	if err := p.value.Parse(row[9:], &p.row); err != nil {
		return 0, misread(p.name, p.key, err)
	}
	return int64(binary.BigEndian.Uint64(row[1:])), nil
}

// respond sends the result of a row on the left with the one at hand, if there is one.
func (p *referred[K, L, FK, R, VO]) respond(found bool, key, subscription []byte, at int64, headers []topology.Header) error {
	if len(subscription) < 1+8+8 || subscription[0] != rowVersion {
		return misread(p.name, key, errRow)
	}
	at = max(at, int64(binary.BigEndian.Uint64(subscription[9:])))
	p.sent = append(p.sent[:0], subscription[:9]...) // the same version
	row := &p.row
	if !found {
		row = nil
	}
	if !p.kind.has(true, found) {
		p.sent = append(p.sent, 0)
	} else {
		if err := p.keys.Parse(key, &p.leftKey); err != nil {
			return misread(p.name, key, err)
		}
		if err := p.lefts.Parse(subscription[17:], &p.left); err != nil {
			return misread(p.name, key, err)
		}
		sent, err := p.results.Append(append(p.sent, 1), p.join(p.leftKey, p.left, row))
		if err != nil {
			p.reject(&topology.Record[FK, R]{Time: at, Headers: headers}, ReasonFailed, fmt.Errorf("result of key %x: %w", key, err))
			return nil
		}
		p.sent = sent
	}
	p.Send(p.sink.Index(), topology.Encoded{Key: key, Value: p.sent, Time: at, Partition: -1, Headers: headers})
	return nil
}
