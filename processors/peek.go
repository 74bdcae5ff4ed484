package processors

import "github.com/abacus-stream/abacus/topology"

// Peek shows each record to a function and forwards it as it is: the function must not change it. A record is shown again where the
// commit that it belonged to failed: what the function does must bear that.
func Peek[K, V any](in topology.Stream[K, V], name string, look func(rec *topology.Record[K, V])) topology.Stream[K, V] {
	needFunc(in, name, look != nil)
	seen := topology.Process(in, name, topology.Needs{}, func(out topology.Forward[K, V]) topology.Processor[K, V] {
		return step[K, V](func(rec *topology.Record[K, V]) error {
			look(rec)
			return out(rec)
		})
	})
	key, value := topology.Codecs(in)
	return topology.KeepKeys(topology.WithCodecs(seen, key, value))
}
