package processors

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// JoinTable joins each record of a stream with the row that a table has for its key by then; a
// record without one ends here. A stream whose keys have changed goes through the repartition topic
// <app>-<name>-repartition. The result has the time and the headers of the stream's record and no
// codec for its value. An update of the table joins nothing, nor does a tombstone of the stream.
//
// A versioned table has the row that held at the time of the record, as far as is known by then;
// JoinTableAsOf waits until it is.
func JoinTable[K, V, T, VO any](in topology.Stream[K, V], table topology.Table[K, T], name string, join func(k K, v V, row T) VO) topology.Stream[K, VO] {
	needFunc(in, name, join != nil)
	return joinTable(in, table, name, false, func(k K, v V, row *T) VO { return join(k, v, *row) })
}

// LeftJoinTable is JoinTable that also joins a record for whose key the table has no row: row is
// nil then. It is valid during the call.
func LeftJoinTable[K, V, T, VO any](in topology.Stream[K, V], table topology.Table[K, T], name string, join func(k K, v V, row *T) VO) topology.Stream[K, VO] {
	return joinTable(in, table, name, true, join)
}

func joinTable[K, V, T, VO any](in topology.Stream[K, V], table topology.Table[K, T], name string, left bool, join func(k K, v V, row *T) VO) topology.Stream[K, VO] {
	needFunc(in, name, join != nil)
	if topology.Keyed(in) {
		key, _ := topology.Codecs(in)
		needCodec(in, name, "key", key != nil)
	}
	in = GroupByKey(in, name)
	joined := topology.Join(in, table.Stream, name, topology.Needs{}, func(out topology.Forward[K, VO]) topology.Sides[K, V, T] {
		p := newLookup(in, table, name, left, join, out)
		return topology.Sides[K, V, T]{Init: p.Init, Left: p.Process, Right: func(*topology.Record[K, T]) error { return nil }}
	})
	key, _ := topology.Codecs(in)
	return topology.KeepKeys(topology.WithCodecs(joined, key, nil))
}

// lookup is a node that joins records with the rows of a table.
type lookup[K, V, T, VO any] struct {
	aside[K, V]
	store    topology.Store
	rows     codecs.Codec[T]
	left     bool // joins a record without a row too
	join     func(k K, v V, row *T) VO
	out      topology.Forward[K, VO]
	table    *state.Table
	versions *state.Versions // nil where the table has none
	encoded  []byte          // key of the record at hand
	row      T
	next     topology.Record[K, VO]
}

func newLookup[K, V, T, VO any](in topology.Stream[K, V], table topology.Table[K, T], name string, left bool, join func(k K, v V, row *T) VO, out topology.Forward[K, VO]) *lookup[K, V, T, VO] {
	p := &lookup[K, V, T, VO]{aside: newAside(in, name), store: table.Store, left: left, join: join, out: out}
	_, p.rows = topology.Codecs(table.Stream)
	return p
}

func (p *lookup[K, V, T, VO]) Init(ctx topology.Context) error {
	p.table = ctx.Table(p.store.Name)
	if p.store.History > 0 {
		p.versions = state.NewVersions(p.table, p.store.History)
	}
	return p.aside.Init(ctx)
}

func (p *lookup[K, V, T, VO]) Process(rec *topology.Record[K, V]) (err error) {
	if p.skips(rec) {
		return nil
	}
	if p.encoded, err = p.key.Append(p.encoded[:0], rec.Key); err != nil {
		p.reject(rec, ReasonFailed, fmt.Errorf("key: %w", err))
		return nil
	}
	return p.meet(rec, p.StreamTime())
}

// meet joins a record whose key is encoded with the row that held at its time, as is known at a stream time.
func (p *lookup[K, V, T, VO]) meet(rec *topology.Record[K, V], now int64) error {
	stored, found, err := p.find(rec.Time, now)
	if err != nil || !found && !p.left {
		return err
	}
	var row *T
	if found {
		if err := p.rows.Parse(stored, &p.row); err != nil {
			p.reject(rec, ReasonFailed, fmt.Errorf("row of table %s: %w", p.store.Name, err))
			return nil
		}
		row = &p.row
	}
	p.next.Key, p.next.Value = rec.Key, p.join(rec.Key, rec.Value, row)
	p.next.Time, p.next.Headers = rec.Time, rec.Headers
	return p.out(&p.next)
}

// find gives the row of the encoded key, of a versioned table that of a time.
func (p *lookup[K, V, T, VO]) find(at, now int64) (row []byte, found bool, err error) {
	if p.versions != nil {
		version, found, err := p.versions.GetAsOf(p.encoded, at, now)
		return version.Value, found, err
	}
	row, found, err = p.table.Get(p.encoded)
	if found && p.store.Expiry > 0 {
		if len(row) < expiringHead {
			return nil, false, misread(p.store.Name, p.encoded, errRow)
		}
		row = row[expiringHead:]
	}
	return row, found, err
}
