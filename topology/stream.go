package topology

import "github.com/abacus-stream/abacus/codecs"

// Stream is a node's output: records of one key and value type. Codecs travel
// with it; an operator that changes a type clears the codec.
type Stream[K, V any] struct {
	b     *Builder
	node  *node
	key   codecs.Codec[K]
	value codecs.Codec[V]
}

// Earliest is 2000-01-01T00:00:00Z in Unix ms: an event time before it is a fault of the producer's clock, and a dead letter.
const Earliest = 946684800000

// TimeOf extracts event time from a decoded record. timed=false marks a record that must not
// move stream time (it is to become a dead letter); it is processed at once.
type TimeOf[K, V any] func(rec *Record[K, V], src *Source) (time int64, timed bool)

// From reads a source topic. Event time is the record's append time.
func From[K, V any](b *Builder, topic string, key codecs.Codec[K], value codecs.Codec[V]) Stream[K, V] {
	return FromTimed(b, topic, key, value, func(_ *Record[K, V], src *Source) (int64, bool) { return src.Appended, true })
}

// FromTimed reads a source topic whose records carry their event time themselves.
func FromTimed[K, V any](b *Builder, topic string, key codecs.Codec[K], value codecs.Codec[V], at TimeOf[K, V]) Stream[K, V] {
	return addSource(b, &SourceNode{Topic: topic, Timed: true}, topic, sourceCodecs[K, V]{key: key, value: value, at: at})
}

// FromUpdates reads a topic of updates: a record without value is a tombstone, as in a table's topic. A nil at takes the
// append time for the event time.
func FromUpdates[K, V any](b *Builder, topic string, key codecs.Codec[K], value codecs.Codec[V], at TimeOf[K, V]) Stream[K, V] {
	if at == nil {
		at = func(_ *Record[K, V], src *Source) (int64, bool) { return src.Appended, true }
	}
	return addSource(b, &SourceNode{Topic: topic, Timed: true}, topic, sourceCodecs[K, V]{key: key, value: value, at: at, tombstones: true})
}

// To writes a stream to a topic, partitioned by key as Kafka's default partitioner does.
func To[K, V any](s Stream[K, V], topic string) {
	sink := NewSink(s.b, topic, s.key, s.value, nil)
	sink.attach(s)
}

// WithCodecs sets the codecs of a stream, for a sink, repartition or store below it.
func WithCodecs[K, V any](s Stream[K, V], key codecs.Codec[K], value codecs.Codec[V]) Stream[K, V] {
	s.key, s.value = key, value
	return s
}

// Codecs gives the codecs that travel with a stream; nil where an operator cleared one.
func Codecs[K, V any](s Stream[K, V]) (codecs.Codec[K], codecs.Codec[V]) { return s.key, s.value }

// BuilderOf gives the builder that a stream belongs to; operators need it to add their own nodes.
func BuilderOf[K, V any](s Stream[K, V]) *Builder { return s.b }

// Merge joins streams of the same types into one; no order between them is kept.
func Merge[K, V any](name string, streams ...Stream[K, V]) Stream[K, V] {
	if len(streams) == 0 {
		panic("topology: Merge of no streams")
	}
	first := streams[0]
	n := first.b.add(name, processorKind)
	n.keeps = true
	for _, s := range streams {
		first.b.link(s.node, n)
	}
	n.receive = func(inst *Instance) (any, error) { return children[K, V](inst, n) }
	return Stream[K, V]{b: first.b, node: n, key: first.key, value: first.value}
}
