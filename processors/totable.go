package processors

import (
	"fmt"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// ToTable makes a table of a stream: the newest value of each key, by the order of the records, in
// the store of its name. Where an operator above has changed keys, records of one key come together
// through the repartition topic <app>-<name>-repartition. The table's stream is what it was given. A
// tombstone deletes the row of its key; a record without key is counted as skipped_keyless_total and
// ends here.
func ToTable[K, V any](in topology.Stream[K, V], name string) topology.Table[K, V] {
	_, value := topology.Codecs(in)
	in = grouped(in, name, value)
	key, value := topology.Codecs(in)
	store := topology.Store{Name: name, Layout: topology.LayoutOf("values by key", key, value)}
	updates := topology.Process(in, name, topology.Needs{Stores: []topology.Store{store}}, func(out topology.Forward[K, V]) topology.Processor[K, V] {
		return &keeping[K, V]{aside: newAside(in, name), out: out}
	})
	return topology.Table[K, V]{Stream: topology.KeepKeys(topology.WithCodecs(updates, key, value)), Store: store}
}

// ToStream is the stream of a table's updates; its tombstones delete keys. What is made of it by
// Filter or GroupBy is made of updates: see topology.FromTable.
func ToStream[K, V any](table topology.Table[K, V]) topology.Stream[K, V] { return table.Stream }

// keeping is a node that keeps the newest value of each key.
type keeping[K, V any] struct {
	aside[K, V]
	out           topology.Forward[K, V]
	rows          *state.Table
	encoded, kept []byte // key and value of the record at hand
}

func (p *keeping[K, V]) Init(ctx topology.Context) error {
	p.rows = ctx.Table(p.name)
	return p.aside.Init(ctx)
}

func (p *keeping[K, V]) Process(rec *topology.Record[K, V]) (err error) {
	if p.skipsKeyless(rec) {
		return nil
	}
	if p.encoded, err = p.key.Append(p.encoded[:0], rec.Key); err != nil {
		p.reject(rec, ReasonFailed, fmt.Errorf("key: %w", err))
		return nil
	}
	if rec.Tombstone {
		p.rows.Delete(p.encoded)
		return p.out(rec)
	}
	if p.kept, err = p.value.Append(p.kept[:0], rec.Value); err != nil {
		p.reject(rec, ReasonFailed, fmt.Errorf("value: %w", err))
		return nil
	}
	p.rows.Put(p.encoded, p.kept)
	return p.out(rec)
}
