package processors

import "github.com/abacus-stream/abacus/topology"

// MapValues turns the value of each record into another. It clears the codec of the value and
// keeps that of the key.
func MapValues[K, V, VO any](in topology.Stream[K, V], name string, f func(v V) VO) topology.Stream[K, VO] {
	needFunc(in, name, f != nil)
	mapped := topology.Process(in, name, topology.Needs{}, func(out topology.Forward[K, VO]) topology.Processor[K, V] {
		var next topology.Record[K, VO]
		return step[K, V](func(rec *topology.Record[K, V]) error {
			if next.Tombstone = rec.Tombstone; next.Tombstone {
				next.Value = *new(VO)
			} else {
				next.Value = f(rec.Value)
			}
			next.Key, next.Time, next.Headers, next.Keyless = rec.Key, rec.Time, rec.Headers, rec.Keyless
			return out(&next)
		})
	})
	key, _ := topology.Codecs(in)
	return topology.KeepKeys(topology.WithCodecs(mapped, key, nil))
}
