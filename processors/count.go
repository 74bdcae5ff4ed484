package processors

import (
	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// Count keeps the number of records of each key, in the store of its name, and forwards its updates.
func Count[K, V any](in topology.Stream[K, V], name string) topology.Stream[K, int64] {
	return aggregate(in, name, codecs.Int64, counting[K, V])
}

// CountWindows keeps the number of records of each key and window.
func CountWindows[K, V any](in Windows[K, V], name string) topology.Stream[Windowed[K], int64] {
	return aggregateWindows(in, name, codecs.Int64, counting[K, V], add)
}

func add(a, b int64) int64 { return a + b }

func counting[K, V any](n int64, _ bool, _ *topology.Record[K, V]) (int64, error) { return n + 1, nil }
