package processors

import "github.com/abacus-stream/abacus/topology"

// SelectKey gives each record a new key. It clears the codec of the key and keeps that of the
// value. The records stay in their partition until an aggregate below needs them in another. A
// tombstone has no value to make a key of: it ends here, counted as skipped_tombstones_total. So a
// row of a table below stays when the one that it was made of is deleted.
func SelectKey[K, V, KO any](in topology.Stream[K, V], name string, key func(k K, v V) KO) topology.Stream[KO, V] {
	needFunc(in, name, key != nil)
	keyed := topology.Process(in, name, topology.Needs{}, func(out topology.Forward[KO, V]) topology.Processor[K, V] {
		var next topology.Record[KO, V]
		return &valued[K, V]{take: func(rec *topology.Record[K, V]) error {
			next.Key, next.Value = key(rec.Key, rec.Value), rec.Value
			next.Time, next.Headers = rec.Time, rec.Headers
			return out(&next)
		}}
	})
	_, value := topology.Codecs(in)
	return topology.WithCodecs(keyed, nil, value)
}
