package processors

import "github.com/abacus-stream/abacus/topology"

// Map turns each record into one with another key and value. It clears both codecs, and since the
// key may have changed, an aggregate below it goes through a repartition topic.
// Tombstones end here, as at SelectKey.
func Map[K, V, KO, VO any](in topology.Stream[K, V], name string, f func(k K, v V) (KO, VO)) topology.Stream[KO, VO] {
	needFunc(in, name, f != nil)
	return topology.Process(in, name, topology.Needs{}, func(out topology.Forward[KO, VO]) topology.Processor[K, V] {
		var next topology.Record[KO, VO]
		return &valued[K, V]{take: func(rec *topology.Record[K, V]) error {
			next.Key, next.Value = f(rec.Key, rec.Value)
			next.Time, next.Headers = rec.Time, rec.Headers
			return out(&next)
		}}
	})
}
