package processors

import (
	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// Aggregate keeps a result for each key, in the store of its name, and forwards its updates. The
// first record of a key is added to the zero A; on an error the record becomes a dead letter with
// [ReasonFailed] and the result stays. A result that aliases bytes of the codec is the function's
// to change; the record is not.
func Aggregate[K, V, A any](in topology.Stream[K, V], name string, codec codecs.Codec[A], add func(result A, k K, v V) (A, error)) topology.Stream[K, A] {
	needFunc(in, name, add != nil)
	return aggregate(in, name, codec, adding(add))
}

// AggregateWindows keeps a result for each key and tumbling window, as Aggregate does for each key.
func AggregateWindows[K, V, A any](in Windows[K, V], name string, codec codecs.Codec[A], add func(result A, k K, v V) (A, error)) topology.Stream[Windowed[K], A] {
	needFunc(in.stream, name, add != nil)
	return aggregateWindows(in, name, codec, adding(add), nil)
}

// AggregateMerging is AggregateWindows for windows of every kind: merge makes one result of those of
// two parts of a window, a before b. It is associative and leaves both as they are.
func AggregateMerging[K, V, A any](in Windows[K, V], name string, codec codecs.Codec[A], add func(result A, k K, v V) (A, error), merge func(a, b A) A) topology.Stream[Windowed[K], A] {
	needFunc(in.stream, name, add != nil)
	return aggregateWindows(in, name, codec, adding(add), merge)
}

func adding[K, V, A any](add func(result A, k K, v V) (A, error)) fold[K, V, A] {
	return func(result A, _ bool, rec *topology.Record[K, V]) (A, error) {
		return add(result, rec.Key, rec.Value)
	}
}
