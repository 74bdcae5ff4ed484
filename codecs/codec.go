package codecs

import (
	"errors"
	"fmt"
)

// Codec turns values of type V into bytes and back. A codec has no state: it may be shared by goroutines.
type Codec[V any] interface {
	// Append appends the encoding of v to dst and returns the extended slice. On an error dst is returned as it was.
	Append(dst []byte, v V) ([]byte, error)
	// Parse decodes the whole of data into v, replacing what v held. v may alias data only where the codec says so.
	Parse(data []byte, v *V) error
}

// ErrLength is the cause of a Parse error for data whose length is not that of the type.
var ErrLength = errors.New("wrong length")

// ErrType is the cause of an Encode error for a value that is not of the codec's type.
var ErrType = errors.New("wrong type")

// EncodeAny is the untyped door of a typed codec, what Encode of a codec is made of. A value that is not a V is an
// [ErrType].
func EncodeAny[V any](c Codec[V], value any) ([]byte, error) {
	v, ok := value.(V)
	if !ok {
		return nil, fmt.Errorf("%T: encode %T: %w, want %T", c, value, ErrType, v)
	}
	return c.Append(nil, v)
}

// DecodeAny is the untyped door back, what Decode of a codec is made of; the result holds a V.
func DecodeAny[V any](c Codec[V], data []byte) (any, error) {
	var v V
	if err := c.Parse(data, &v); err != nil {
		return nil, err
	}
	return v, nil
}
