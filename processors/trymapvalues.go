package processors

import "github.com/abacus-stream/abacus/topology"

// TryMapValues is MapValues by a function that may fail: the record it fails on becomes a dead
// letter with [ReasonFailed] and the error's text, and the stream goes on.
func TryMapValues[K, V, VO any](in topology.Stream[K, V], name string, f func(v V) (VO, error)) topology.Stream[K, VO] {
	needFunc(in, name, f != nil)
	mapped := topology.Process(in, name, topology.Needs{}, func(out topology.Forward[K, VO]) topology.Processor[K, V] {
		return &tryMap[K, V, VO]{aside: newAside(in, name), f: f, out: out}
	})
	key, _ := topology.Codecs(in)
	return topology.KeepKeys(topology.WithCodecs(mapped, key, nil))
}

type tryMap[K, V, VO any] struct {
	aside[K, V]
	f    func(v V) (VO, error)
	out  topology.Forward[K, VO]
	next topology.Record[K, VO]
}

func (p *tryMap[K, V, VO]) Process(rec *topology.Record[K, V]) (err error) {
	if p.next.Tombstone = rec.Tombstone; p.next.Tombstone {
		p.next.Value = *new(VO)
	} else if p.next.Value, err = p.f(rec.Value); err != nil {
		p.reject(rec, ReasonFailed, err)
		return nil
	}
	p.next.Key, p.next.Time, p.next.Headers, p.next.Keyless = rec.Key, rec.Time, rec.Headers, rec.Keyless
	return p.out(&p.next)
}
