package topology

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
)

// SourceNode reads one topic into a sub-topology.
type SourceNode struct {
	Topic string
	// Repartition marks an internal topic whose values carry a frame.
	Repartition bool
	// Timed sources move stream time. Behind a repartition topic the watermark does.
	Timed bool
	// Watermarked sources carry the watermarks of their upstream tasks.
	Watermarked bool
	// Undecodable is what becomes of records that the codecs refuse.
	Undecodable Policy
	// DecodeNulls has the codec decode a record without value.
	DecodeNulls bool

	name  string // as declared
	index int
}

// Index is the position of the source in its sub-topology.
func (s *SourceNode) Index() int { return s.index }

func (s *SourceNode) resolve(app string) {
	if s.Repartition {
		s.Topic = RepartitionTopic(app, s.name)
	}
}

// RepartitionTopic is the name of an internal topic between two sub-topologies.
func RepartitionTopic(app, name string) string { return app + "-" + name + "-repartition" }

// Input decodes and processes the records of one source in one task.
type Input struct {
	// Decode reads the record and keeps it until Process. timed=false: it does not move stream time.
	Decode func(src *Source) (time int64, timed bool, err error)
	// Process sends the decoded record through the graph.
	Process func() error
	// Retry is what the source says of records that fail below it.
	Retry Retry
}

// sourceCodecs is how a source turns bytes into a typed record.
type sourceCodecs[K, V any] struct {
	key   codecs.Codec[K]
	value codecs.Codec[V]
	at    TimeOf[K, V]
	nulls nulls
}

// nulls is what a record without value is.
type nulls uint8

const (
	untimed nulls = iota // a tombstone with the time of its append, which does not move stream time
	timed                // a tombstone that at tells the time of
	decoded              // what the codec makes of nil
)

func addSource[K, V any](b *Builder, src *SourceNode, name string, c sourceCodecs[K, V]) Stream[K, V] {
	n := b.add(name, sourceKind)
	src.name, n.source = src.Topic, src
	if c.key == nil || c.value == nil {
		b.fault("source %q: needs a codec for its key and its value", name)
	}
	n.input = func(inst *Instance) (Input, error) {
		out, err := children[K, V](inst, n)
		if err != nil {
			return Input{}, err
		}
		mine := c // of one task: tasks are made beside each other
		if src.DecodeNulls {
			mine.nulls = decoded
		}
		in := mine.input(out)
		if n.retry != nil {
			in.Retry = *n.retry
		}
		return in, nil
	}
	return Stream[K, V]{b: b, node: n, key: c.key, value: c.value}
}

// input is the physical half of a source: one reused record.
func (c sourceCodecs[K, V]) input(out Forward[K, V]) Input {
	var rec Record[K, V]
	return Input{
		Decode: func(src *Source) (int64, bool, error) {
			if rec.Keyless = src.Key == nil; rec.Keyless {
				rec.Key = *new(K)
			} else if err := c.key.Parse(src.Key, &rec.Key); err != nil {
				return 0, false, fmt.Errorf("key: %w", err)
			}
			if rec.Tombstone = src.Value == nil && c.nulls != decoded; rec.Tombstone {
				rec.Value = *new(V)
			} else if err := c.value.Parse(src.Value, &rec.Value); err != nil {
				return 0, false, fmt.Errorf("value: %w", err)
			}
			rec.Headers = src.Headers
			if rec.Tombstone && c.nulls == untimed {
				rec.Time = src.Appended
				return rec.Time, false, nil
			}
			at, moves := c.at(&rec, src)
			rec.Time = at
			return at, moves, nil
		},
		Process: func() error { return out(&rec) },
	}
}
