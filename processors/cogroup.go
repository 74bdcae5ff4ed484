package processors

import (
	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// Addition takes a record, of whatever type, into a result. It holds during the call that it is
// forwarded in, as its record does.
type Addition[A any] func(result A) (A, error)

// Cogroup makes of the records of a stream what they add to a result that several streams, of values
// of several types, have in common; AggregateCogroup keeps it. Records whose keys were changed above
// go through the repartition topic of the name first. A failing add is that of Aggregate.
//
// For windows, merge the streams by topology.Merge and call each addition in AggregateWindows.
func Cogroup[K, V, A any](in topology.Stream[K, V], name string, add func(result A, k K, v V) (A, error)) topology.Stream[K, Addition[A]] {
	needFunc(in, name, add != nil)
	in = GroupByKey(in, name)
	additions := topology.Process(in, name, topology.Needs{}, func(out topology.Forward[K, Addition[A]]) topology.Processor[K, V] {
		var current *topology.Record[K, V]
		next := topology.Record[K, Addition[A]]{Value: func(result A) (A, error) { return add(result, current.Key, current.Value) }}
		return step[K, V](func(rec *topology.Record[K, V]) error {
			current = rec
			next.Key, next.Time, next.Headers = rec.Key, rec.Time, rec.Headers
			next.Tombstone, next.Keyless = rec.Tombstone, rec.Keyless
			return out(&next)
		})
	})
	key, _ := topology.Codecs(in)
	return topology.KeepKeys(topology.WithCodecs(additions, key, nil))
}

// AggregateCogroup keeps a result for each key from the records of several streams, each made an
// addition by Cogroup, and forwards its updates as Aggregate does. Between streams records are taken
// by event time, as far as they are there.
func AggregateCogroup[K, A any](in topology.Stream[K, Addition[A]], name string, codec codecs.Codec[A], others ...topology.Stream[K, Addition[A]]) topology.Stream[K, A] {
	all := topology.Merge(name+"-merged", append([]topology.Stream[K, Addition[A]]{in}, others...)...)
	return Aggregate(all, name, codec, func(result A, _ K, add Addition[A]) (A, error) { return add(result) })
}
