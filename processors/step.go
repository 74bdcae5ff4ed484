package processors

import "github.com/abacus-stream/abacus/topology"

// step is a processor that keeps nothing.
type step[K, V any] func(rec *topology.Record[K, V]) error

func (step[K, V]) Init(topology.Context) error { return nil }

func (s step[K, V]) Process(rec *topology.Record[K, V]) error { return s(rec) }

// valued is a step that takes values only: a tombstone has none to make anything of, so it is counted and ends here.
type valued[K, V any] struct {
	take    func(rec *topology.Record[K, V]) error
	skipped *topology.Counter
}

func (p *valued[K, V]) Init(ctx topology.Context) error {
	p.skipped = ctx.Counter(skippedTombstones)
	return nil
}

func (p *valued[K, V]) Process(rec *topology.Record[K, V]) error {
	if rec.Tombstone {
		p.skipped.N++
		return nil
	}
	return p.take(rec)
}
