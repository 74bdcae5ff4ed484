package processors

import "github.com/abacus-stream/abacus/topology"

// step is a processor that keeps nothing.
type step[K, V any] func(rec *topology.Record[K, V]) error

func (step[K, V]) Init(topology.Context) error { return nil }

func (s step[K, V]) Process(rec *topology.Record[K, V]) error { return s(rec) }
