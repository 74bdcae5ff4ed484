package processors

import "github.com/abacus-stream/abacus/topology"

// FilterNot forwards the records that a predicate does not hold for. Codecs and keys stay.
func FilterNot[K, V any](in topology.Stream[K, V], name string, drop func(k K, v V) bool) topology.Stream[K, V] {
	if drop == nil {
		return Filter(in, name, nil)
	}
	return Filter(in, name, func(k K, v V) bool { return !drop(k, v) })
}
