package processors

import (
	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// GroupByKey brings records of one key together: where an operator above has changed keys, through
// the repartition topic <app>-<name>-repartition; else they are together and the stream is
// returned as it is. Aggregates do it by themselves; call it where several share one repartition.
func GroupByKey[K, V any](in topology.Stream[K, V], name string) topology.Stream[K, V] {
	if topology.Keyed(in) {
		return in
	}
	key, value := topology.Codecs(in)
	ok := needCodec(in, name, "key", key != nil)
	if ok = needCodec(in, name, "value", value != nil) && ok; !ok {
		return in
	}
	return topology.Repartition(in, name)
}

// grouped is the input of an aggregate; a build error where a codec is missing.
func grouped[K, V, A any](in topology.Stream[K, V], name string, result codecs.Codec[A]) topology.Stream[K, V] {
	key, _ := topology.Codecs(in)
	ok := needCodec(in, name, "key", key != nil)
	if ok = needCodec(in, name, "result", result != nil) && ok; !ok {
		return in
	}
	return GroupByKey(in, name)
}

// needFunc reports a node that lacks a function.
func needFunc[K, V any](in topology.Stream[K, V], name string, present bool) {
	if !present {
		topology.BuilderOf(in).Fault("node %q: a function of it is nil", name)
	}
}

// needCodec reports a node that lacks a codec.
func needCodec[K, V any](in topology.Stream[K, V], name, of string, present bool) bool {
	if !present {
		topology.BuilderOf(in).Fault("node %q: no codec for its %s; set it on the stream above by topology.WithCodecs", name, of)
	}
	return present
}
