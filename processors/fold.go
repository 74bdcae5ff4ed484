package processors

import (
	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
)

// fold takes a record into the result of its key; found is false for the first one.
type fold[K, V, A any] func(result A, found bool, rec *topology.Record[K, V]) (A, error)

// aggregate declares a node that keeps one result per key.
func aggregate[K, V, A any](in topology.Stream[K, V], name string, codec codecs.Codec[A], f fold[K, V, A]) topology.Stream[K, A] {
	in = grouped(in, name, codec)
	key, _ := topology.Codecs(in)
	store := topology.Store{Name: name, Reading: state.ReadValues(stampedResult), Layout: topology.LayoutOf("results by key", key, codec)}
	needs := topology.Needs{Stores: []topology.Store{store}}
	updates := topology.Process(in, name, needs, func(out topology.Forward[K, A]) topology.Processor[K, V] {
		return &folding[K, V, A]{aside: newAside(in, name), fold: f, out: out, rows: rows[K, A]{keys: key, values: codec, stamped: true}}
	})
	return topology.KeepKeys(topology.WithCodecs(updates, key, codec))
}

// folding is a node that keeps one result per key.
type folding[K, V, A any] struct {
	aside[K, V]
	fold fold[K, V, A]
	rows rows[K, A]
	out  topology.Forward[K, A]
	next topology.Record[K, A]
}

func (p *folding[K, V, A]) Init(ctx topology.Context) error {
	p.rows.table = ctx.Table(p.name)
	ctx.OnFlush(p.flush)
	return p.aside.Init(ctx)
}

func (p *folding[K, V, A]) Process(rec *topology.Record[K, V]) error {
	if p.skips(rec) {
		return nil
	}
	old, err := p.rows.read(rec.Key)
	if err != nil {
		return p.refused(rec, err)
	}
	result, err := p.fold(old.result, old.found, rec)
	if err != nil {
		p.reject(rec, ReasonFailed, err)
		return nil
	}
	at := rec.Time
	if old.found {
		at = max(at, old.time)
	}
	return p.refused(rec, p.rows.write(result, at))
}

// flush forwards the results that changed since the last commit.
func (p *folding[K, V, A]) flush() error {
	return p.rows.eachChanged(func(key K, row row[A]) error {
		p.next.Key, p.next.Value, p.next.Time = key, row.result, row.time
		return p.out(&p.next)
	})
}
