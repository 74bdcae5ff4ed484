package topology

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
)

// Partitioner chooses a partition of n for a key, which is nil of a record that has none. One that there is not fails at
// the record, as Policies.Failing of the worker says.
type Partitioner func(key []byte, n int) int32

// SinkNode writes to one topic.
type SinkNode struct {
	Topic string
	// Repartition marks an internal topic: values get a frame.
	Repartition bool
	// Watermarks are sent to every partition of this repartition topic.
	Watermarks bool
	Partition  Partitioner

	name  string // as declared
	index int
}

// Index is the position of the sink in its sub-topology, as Context.Send takes it.
func (s *SinkNode) Index() int { return s.index }

// node is the name in the graph: that of an internal topic leaves the name itself to the node
// that asked for it, and to a topic of the user's.
func (s *SinkNode) node() string {
	if s.Repartition {
		return s.name + "-repartition"
	}
	return s.name
}

func (s *SinkNode) resolve(app string) {
	if s.Repartition {
		s.Topic = RepartitionTopic(app, s.name)
	}
}

// Sink is a typed output to a topic.
type Sink[K, V any] struct {
	b     *Builder
	node  *SinkNode
	key   codecs.Codec[K]
	value codecs.Codec[V]
}

// NewSink declares an output to a topic. A nil partitioner is Kafka's default by key.
func NewSink[K, V any](b *Builder, topic string, key codecs.Codec[K], value codecs.Codec[V], by Partitioner) Sink[K, V] {
	return newSink(b, &SinkNode{Topic: topic, Partition: by}, key, value)
}

func newSink[K, V any](b *Builder, node *SinkNode, key codecs.Codec[K], value codecs.Codec[V]) Sink[K, V] {
	if key == nil || value == nil {
		b.fault("sink %q: the stream has no codec for its key or value; set them by topology.WithCodecs", node.Topic)
	}
	if node.Partition == nil {
		node.Partition = PartitionOf
	}
	node.name, node.index = node.Topic, -1 // until a node declares it
	return Sink[K, V]{b: b, node: node, key: key, value: value}
}

// Node is the declaration of the sink, for Needs.Sinks of the processor that sends to it.
func (s Sink[K, V]) Node() *SinkNode { return s.node }

// Sender gives the task's end of the sink: it encodes a record and sends it in the current transaction.
func (s Sink[K, V]) Sender(ctx Context) Forward[K, V] {
	key, value := []byte{}, []byte{} // never nil: an empty value is no tombstone
	return func(rec *Record[K, V]) (err error) {
		out := Encoded{Time: rec.Time, Partition: -1, Headers: rec.Headers}
		if !rec.Keyless {
			if key, err = s.key.Append(key[:0], rec.Key); err != nil {
				return fmt.Errorf("sink %s: key: %w", s.node.Topic, err)
			}
			out.Key = key
		}
		if !rec.Tombstone {
			if value, err = s.value.Append(value[:0], rec.Value); err != nil {
				return fmt.Errorf("sink %s: value: %w", s.node.Topic, err)
			}
			out.Value = value
		}
		ctx.Send(s.node.index, out)
		return nil
	}
}

// attach puts the sink below a stream as a node of its own.
func (s Sink[K, V]) attach(in Stream[K, V]) {
	n := s.b.add(s.node.node(), sinkKind)
	n.sink = s.node
	s.b.link(in.node, n)
	n.receive = func(inst *Instance) (any, error) { return s.Sender(inst.ctx), nil }
}
