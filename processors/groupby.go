package processors

import (
	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// GroupBy gives each record a new key and brings records of one key together, through the
// repartition topic <app>-<name>-repartition. Of a table's stream it groups updates, not rows: what
// an update adds to an aggregate no later one takes back, and tombstones end here, as at SelectKey.
func GroupBy[K, V, KO any](in topology.Stream[K, V], name string, key func(k K, v V) KO, codec codecs.Codec[KO]) topology.Stream[KO, V] {
	_, value := topology.Codecs(in)
	return GroupByKey(topology.WithCodecs(SelectKey(in, name, key), codec, value), name)
}
