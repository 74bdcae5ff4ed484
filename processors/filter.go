package processors

import "github.com/abacus-stream/abacus/topology"

// Filter forwards the records that a predicate keeps, and tombstones. Codecs and keys stay. Of a
// table's stream it drops the updates that do not match, as Kafka Streams' toStream().filter: a row
// that a table below has of an earlier one stays.
func Filter[K, V any](in topology.Stream[K, V], name string, keep func(k K, v V) bool) topology.Stream[K, V] {
	needFunc(in, name, keep != nil)
	kept := topology.Process(in, name, topology.Needs{}, func(out topology.Forward[K, V]) topology.Processor[K, V] {
		return step[K, V](func(rec *topology.Record[K, V]) error {
			if !rec.Tombstone && !keep(rec.Key, rec.Value) {
				return nil
			}
			return out(rec)
		})
	})
	key, value := topology.Codecs(in)
	return topology.KeepKeys(topology.WithCodecs(kept, key, value))
}
