package topology

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
)

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

// From reads a source topic. Event time is the record's timestamp, Source.Appended; one before the year 2000 is a dead
// letter with the reason ts_past.
//
// Null is no value and no key, as in Kafka Streams, and no codec sees it. A record without value is a tombstone: it
// deletes the row of a table, no aggregate or join takes it, steps without state and sinks pass it on. One without key
// is Keyless up to a step that gives it a key, and passed over where a key is needed.
func From[K, V any](b *Builder, topic string, key codecs.Codec[K], value codecs.Codec[V]) Stream[K, V] {
	return FromUpdates(b, topic, key, value, nil)
}

// FromTimed reads a source topic whose records carry their event time themselves. At is not asked about a tombstone: it
// has its timestamp for its time and does not move stream time.
func FromTimed[K, V any](b *Builder, topic string, key codecs.Codec[K], value codecs.Codec[V], at TimeOf[K, V]) Stream[K, V] {
	if at == nil {
		b.fault("source %q: FromTimed has no function of the time; topology.From takes that of the record", topic)
	}
	return addSource(b, &SourceNode{Topic: topic, Timed: true}, topic, sourceCodecs[K, V]{key: key, value: value, at: at, nulls: untimed})
}

// DecodeNulls gives the codec of a source's values those that are null too, as nil: for one that makes something of them.
func DecodeNulls[K, V any](s Stream[K, V]) Stream[K, V] {
	if s.node.source == nil {
		s.b.fault("node %q: reads no topic, so it decodes nothing; give DecodeNulls the stream of topology.FromTimed", s.node.name)
		return s
	}
	s.node.source.DecodeNulls = true
	return s
}

// FromUpdates is FromTimed with an at that also tells the time of tombstones, whose Value is zero. A nil one takes the
// record's timestamp.
func FromUpdates[K, V any](b *Builder, topic string, key codecs.Codec[K], value codecs.Codec[V], at TimeOf[K, V]) Stream[K, V] {
	if at == nil {
		at = func(_ *Record[K, V], src *Source) (int64, bool) { return src.Appended, true }
	}
	return addSource(b, &SourceNode{Topic: topic, Timed: true}, topic, sourceCodecs[K, V]{key: key, value: value, at: at, nulls: timed})
}

// To writes a stream to a topic, partitioned by key as Kafka's default partitioner does.
func To[K, V any](s Stream[K, V], topic string) {
	sink := NewSink(builderFor(s, topic), topic, s.key, s.value, nil)
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
// It panics for the zero Stream, which has none to report a fault to.
func BuilderOf[K, V any](s Stream[K, V]) *Builder {
	if s.b == nil {
		panic("topology: the zero Stream" + zeroStream)
	}
	return s.b
}

// builderFor is BuilderOf for a node that has a name by then.
func builderFor[K, V any](s Stream[K, V], node string) *Builder {
	if s.b == nil {
		panic(fmt.Sprintf("topology: node %q: its stream is the zero Stream%s", node, zeroStream))
	}
	return s.b
}

const zeroStream = ", below no source: has a branch another name, or is a variable not set?"

// Merge joins streams of the same types into one; no order between them is kept.
func Merge[K, V any](name string, streams ...Stream[K, V]) Stream[K, V] {
	if len(streams) == 0 {
		panic(fmt.Sprintf("topology: node %q: Merge of no streams; give it one at least", name))
	}
	first := streams[0]
	n := builderFor(first, name).add(name, processorKind)
	n.keeps = true
	for i, s := range streams {
		switch {
		case s.b == nil:
			first.b.fault("node %q: stream %d is the zero Stream%s", name, i, zeroStream)
		case s.b != first.b:
			first.b.fault("node %q: its streams belong to two builders; merge streams of one", name)
		default:
			first.b.link(s.node, n)
		}
	}
	n.receive = func(inst *Instance) (any, error) { return children[K, V](inst, n) }
	return Stream[K, V]{b: first.b, node: n, key: first.key, value: first.value}
}
