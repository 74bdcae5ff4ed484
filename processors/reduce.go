package processors

import "github.com/abacus-stream/abacus/topology"

// Reduce combines the values of each key into one of the same type, in the store of its name, and
// forwards its updates. The first value of a key is the first result.
func Reduce[K, V any](in topology.Stream[K, V], name string, combine func(result, v V) V) topology.Stream[K, V] {
	needFunc(in, name, combine != nil)
	_, value := topology.Codecs(in)
	return aggregate(in, name, value, reducing[K](combine))
}

// ReduceWindows combines the values of each key and window into one of the same type. Where windows
// are merged, as hopping ones and sessions are, combine is associative and leaves both values as
// they are.
func ReduceWindows[K, V any](in Windows[K, V], name string, combine func(result, v V) V) topology.Stream[Windowed[K], V] {
	needFunc(in.stream, name, combine != nil)
	_, value := topology.Codecs(in.stream)
	return aggregateWindows(in, name, value, reducing[K](combine), combine)
}

func reducing[K, V any](combine func(result, v V) V) fold[K, V, V] {
	return func(result V, found bool, rec *topology.Record[K, V]) (V, error) {
		if !found {
			return rec.Value, nil
		}
		return combine(result, rec.Value), nil
	}
}
