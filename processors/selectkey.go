package processors

import "github.com/abacus-stream/abacus/topology"

// SelectKey gives each record a new key. It clears the codec of the key and keeps that of the
// value. The records stay in their partition until an aggregate below needs them in another.
func SelectKey[K, V, KO any](in topology.Stream[K, V], name string, key func(k K, v V) KO) topology.Stream[KO, V] {
	keyed := topology.Process(in, name, topology.Needs{}, func(out topology.Forward[KO, V]) topology.Processor[K, V] {
		var next topology.Record[KO, V]
		return step[K, V](func(rec *topology.Record[K, V]) error {
			next.Key, next.Value = key(rec.Key, rec.Value), rec.Value
			next.Time, next.Headers, next.Tombstone = rec.Time, rec.Headers, rec.Tombstone
			return out(&next)
		})
	})
	_, value := topology.Codecs(in)
	return topology.WithCodecs(keyed, nil, value)
}
