package codecs

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Proto returns the codec of a generated Protobuf type: codecs.Proto[orderpb.Order]() is a codec of *orderpb.Order.
// Fields are in the order of their numbers and map keys are sorted, so equal messages of one version of the
// generated code have equal bytes.
func Proto[T any, M protoOf[T]]() ProtoCodec[T, M] { return ProtoCodec[T, M]{} }

// protoOf is the pointer to a generated type: what the compiler infers M from.
type protoOf[T any] interface {
	*T
	proto.Message
}

// ProtoCodec is the type of [Proto].
type ProtoCodec[T any, M protoOf[T]] struct{}

var errNilMessage = errors.New("a nil message; to delete a row, forward a tombstone")

// Append appends the wire format of v. It fails on nil, on strings that are not UTF-8, and where a required field of
// proto2 is missing.
func (ProtoCodec[T, M]) Append(dst []byte, v M) ([]byte, error) {
	if v == nil {
		return dst, fmt.Errorf("codecs: proto: append %T: %w", v, errNilMessage)
	}
	out, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(dst, v)
	if err != nil {
		return dst, fmt.Errorf("codecs: proto: append %T: %w", v, err)
	}
	return out, nil
}

// Parse decodes data into a fresh message that aliases nothing; fields that its type does not know are kept in it.
// On an error v is left as it was. Wire format has no end and no check: bytes of another type may parse, too.
func (ProtoCodec[T, M]) Parse(data []byte, v *M) error {
	fresh := M(new(T))
	if err := proto.Unmarshal(data, fresh); err != nil {
		return fmt.Errorf("codecs: proto: parse %d bytes into %T: %w", len(data), fresh, err)
	}
	*v = fresh
	return nil
}

// messageIndex is where the message is declared: its place in the file, or in the messages around it, the outermost first.
func (ProtoCodec[T, M]) messageIndex() (index []int) {
	for d := protoreflect.Descriptor(M(new(T)).ProtoReflect().Descriptor()); d.Parent() != nil; d = d.Parent() {
		index = append([]int{d.Index()}, index...)
	}
	return index
}

// Format is "Protobuf", whatever the type: what it was may be parsed by what it has become.
func (ProtoCodec[T, M]) Format() string { return "Protobuf" }

// Encode is Append for an untyped value; any value but an M is an [ErrType].
func (c ProtoCodec[T, M]) Encode(value any) ([]byte, error) { return EncodeAny(c, value) }

// Decode returns an M.
func (c ProtoCodec[T, M]) Decode(data []byte) (any, error) { return DecodeAny(c, data) }
