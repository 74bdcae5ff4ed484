package codecs

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/sr"
)

// Framed returns the codec that puts the frame of a schema registry around the bytes of another: a 0 byte, the id of the
// schema in 4 bytes, big endian, of Protobuf the index of the message, and then the value, as Confluent's serializers
// have it. It asks the registry once now, for the id that values are written with, and once for each further id that
// is read; never for a record whose id it has met. What it knows is behind a lock: it may be shared by goroutines.
func Framed[V any](inner Codec[V], frame Frame) (FramedCodec[V], error) {
	if err := frame.Validate(); err != nil {
		return FramedCodec[V]{}, err
	}
	id, schema, err := frame.writer()
	if err != nil {
		return FramedCodec[V]{}, err
	}
	if s, ok := inner.(schemed); ok && s.schemaType() != schema.Type {
		return FramedCodec[V]{}, fmt.Errorf("codecs: frame of %q: schema %d is %s, the codec writes %s: take the codec of the one or the schema of the other",
			frame.Subject, id, schema.Type, s.schemaType())
	}
	f := &framing{Frame: frame}
	if f.Check == nil {
		f.Check = func(s sr.Schema) error {
			if s.Type != schema.Type {
				return fmt.Errorf("it is %s, want %s: records of another format are in the topic", s.Type, schema.Type)
			}
			return nil
		}
	}
	if schema.Type != sr.TypeProtobuf {
		f.Index = nil
	} else if len(f.Index) == 0 {
		f.Index = []int{0}
		if m, ok := inner.(interface{ messageIndex() []int }); ok {
			f.Index = m.messageIndex()
		}
	}
	f.prefix, _ = header.AppendEncode(nil, id, f.Index)
	f.known.Store(&map[int]error{id: nil})
	return FramedCodec[V]{inner, f}, nil
}

// FramedCodec is the type of [Framed], which alone makes one.
type FramedCodec[V any] struct {
	inner Codec[V]
	*framing
}

// schemed is a codec that knows the type of its schemas.
type schemed interface{ schemaType() sr.SchemaType }

func (JSONCodec[V]) schemaType() sr.SchemaType     { return sr.TypeJSON }
func (ProtoCodec[T, M]) schemaType() sr.SchemaType { return sr.TypeProtobuf }

var header sr.ConfluentHeader

// idBytes is the length of a frame without an index.
const idBytes = 5

// framing is what a FramedCodec knows of its frame.
type framing struct {
	Frame
	prefix []byte // the frame that values are written with

	asking sync.Mutex                    // one question at a time
	known  atomic.Pointer[map[int]error] // by id: nil, or why its values cannot be read
}

// Append appends the frame and the encoding of v.
func (c FramedCodec[V]) Append(dst []byte, v V) ([]byte, error) {
	out, err := c.inner.Append(append(dst, c.prefix...), v)
	if err != nil {
		return dst, fmt.Errorf("codecs: frame of %q: %w", c.Subject, err)
	}
	return out, nil
}

// Parse takes the frame off and lets the other codec decode the rest, which v may alias where that codec says so. An
// id that is met for the first time is asked for, which takes a request; [ErrRegistry] says that no answer came.
func (c FramedCodec[V]) Parse(data []byte, v *V) error {
	id, rest, err := c.open(data)
	if err != nil {
		return fmt.Errorf("codecs: frame of %q: parse %d bytes: %w", c.Subject, len(data), err)
	}
	if err := c.inner.Parse(rest, v); err != nil {
		return fmt.Errorf("codecs: frame of %q: schema %d: %w", c.Subject, id, err)
	}
	return nil
}

// Format is "framed" and that of the other codec, where it has one.
func (c FramedCodec[V]) Format() string {
	inner, ok := c.inner.(interface{ Format() string })
	if !ok || inner.Format() == "" {
		return ""
	}
	return "framed " + inner.Format()
}

// Encode is Append for an untyped value; any value but a V is an [ErrType].
func (c FramedCodec[V]) Encode(value any) ([]byte, error) { return EncodeAny(c, value) }

// Decode returns a V.
func (c FramedCodec[V]) Decode(data []byte) (any, error) { return DecodeAny(c, data) }

// open reads the frame of data, up to the value.
func (f *framing) open(data []byte) (id int, rest []byte, err error) {
	id, rest, err = header.DecodeID(data)
	if err != nil {
		return 0, nil, f.unframed(data)
	}
	cause, met := (*f.known.Load())[id]
	if !met {
		cause = f.meet(id)
	}
	if cause != nil {
		return 0, nil, fmt.Errorf("schema %d: %w", id, cause)
	}
	if f.Index == nil || bytes.HasPrefix(rest, f.prefix[idBytes:]) {
		return id, rest[len(f.prefix)-idBytes:], nil
	}
	index, rest, err := header.DecodeIndex(rest, len(f.Index))
	if err == nil && slices.Equal(index, f.Index) { // 1, 0 for the one byte 0
		return id, rest, nil
	}
	return 0, nil, fmt.Errorf("schema %d: message index %d, want %d: the record holds another message of the schema, or none", id, index, f.Index)
}

func (f *framing) unframed(data []byte) error {
	if len(data) < idBytes {
		return fmt.Errorf("%w, want a frame of 5 bytes at least: was it written without a schema registry?", ErrLength)
	}
	return fmt.Errorf("the first byte is %#02x, want 0: was it written without a schema registry?", data[0])
}

// meet asks for a schema and keeps whether its values can be read; where no answer comes, nothing is kept.
func (f *framing) meet(id int) error {
	f.asking.Lock()
	defer f.asking.Unlock()
	known := *f.known.Load()
	if cause, met := known[id]; met {
		return cause
	}
	cause := f.ask(id)
	if !errors.Is(cause, ErrRegistry) {
		known = maps.Clone(known)
		known[id] = cause
		f.known.Store(&known)
	}
	return cause
}
