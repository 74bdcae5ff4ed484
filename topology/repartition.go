package topology

import (
	"github.com/abacus-stream/abacus/codecs"
)

// Repartition sends a stream through the internal topic <app>-<name>-repartition, keyed anew:
// the stream below it is in another sub-topology, with the watermark as its stream time.
func Repartition[K, V any](s Stream[K, V], name string) Stream[K, V] {
	sink, out := Channel(s.b, name, s.key, s.value)
	sink.attach(s)
	return out
}

// Channel declares both ends of an internal topic: a sink for processors that send to it and the
// stream that reads it. Watermarks of the sending tasks go with the records.
func Channel[K, V any](b *Builder, name string, key codecs.Codec[K], value codecs.Codec[V]) (Sink[K, V], Stream[K, V]) {
	return channel(b, &SinkNode{Topic: name, Repartition: true, Watermarks: true}, sourceCodecs[K, V]{key, value, frameTime[K, V], timed})
}

// Detour declares an internal topic without watermarks: its records neither hold stream time of
// their reader nor move it. For records that lie in the wrong partition of a source.
func Detour[K, V any](b *Builder, name string, key codecs.Codec[K], value codecs.Codec[V], at TimeOf[K, V]) (Sink[K, V], Stream[K, V]) {
	return channel(b, &SinkNode{Topic: name, Repartition: true}, sourceCodecs[K, V]{key, value, at, decoded})
}

func channel[K, V any](b *Builder, node *SinkNode, c sourceCodecs[K, V]) (Sink[K, V], Stream[K, V]) {
	if !goodName(node.Topic) {
		b.fault("repartition %q: a name has 1 to 120 of a-z A-Z 0-9 . _ -", node.Topic)
	}
	sink := newSink(b, node, c.key, c.value)
	src := &SourceNode{Topic: node.Topic, Repartition: true, Watermarked: node.Watermarks}
	return sink, addSource(b, src, node.node(), c)
}

func frameTime[K, V any](_ *Record[K, V], src *Source) (int64, bool) { return src.Time, true }
