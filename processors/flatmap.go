package processors

import "github.com/abacus-stream/abacus/topology"

// FlatMap turns each record into any number of others: the function calls emit for each, in their
// order. They have the time and the headers of the record. It clears both codecs, and since keys may
// have changed, an aggregate below it goes through a repartition topic. Tombstones end here,
// counted as skipped_tombstones_total.
func FlatMap[K, V, KO, VO any](in topology.Stream[K, V], name string, f func(k K, v V, emit func(k KO, v VO))) topology.Stream[KO, VO] {
	needFunc(in, name, f != nil)
	return topology.Process(in, name, topology.Needs{}, func(out topology.Forward[KO, VO]) topology.Processor[K, V] {
		var next topology.Record[KO, VO]
		var failed error
		emit := func(k KO, v VO) {
			if next.Key, next.Value = k, v; failed == nil {
				failed = out(&next)
			}
		}
		return &valued[K, V]{take: func(rec *topology.Record[K, V]) error {
			next.Time, next.Headers, failed = rec.Time, rec.Headers, nil
			f(rec.Key, rec.Value, emit)
			return failed
		}}
	})
}

// FlatMapValues turns the value of each record into any number of others under its key. It clears
// the codec of the value and keeps that of the key. Tombstones end here,
// counted as skipped_tombstones_total.
func FlatMapValues[K, V, VO any](in topology.Stream[K, V], name string, f func(v V, emit func(v VO))) topology.Stream[K, VO] {
	needFunc(in, name, f != nil)
	mapped := topology.Process(in, name, topology.Needs{}, func(out topology.Forward[K, VO]) topology.Processor[K, V] {
		var next topology.Record[K, VO]
		var failed error
		emit := func(v VO) {
			if next.Value = v; failed == nil {
				failed = out(&next)
			}
		}
		return &valued[K, V]{take: func(rec *topology.Record[K, V]) error {
			next.Key, next.Time, next.Headers, next.Keyless, failed = rec.Key, rec.Time, rec.Headers, rec.Keyless, nil
			f(rec.Value, emit)
			return failed
		}}
	})
	key, _ := topology.Codecs(in)
	return topology.KeepKeys(topology.WithCodecs(mapped, key, nil))
}
