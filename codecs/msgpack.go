package codecs

import (
	"bytes"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"
)

// MsgPack returns the codec of V as MessagePack: structs as maps, their fields named by the tag msgpack, else by the
// tag json, so that the types of [JSON] serve as they are. Integers take their shortest form and the keys of
// map[string]string, map[string]bool and map[string]any are sorted, so equal values have equal bytes; maps of other
// types have their keys in any order.
func MsgPack[V any]() MsgPackCodec[V] { return MsgPackCodec[V]{} }

// MsgPackCodec is the type of [MsgPack].
type MsgPackCodec[V any] struct{}

// Append appends the MessagePack of v; it fails on what MessagePack cannot hold (channels, functions). v must not contain itself.
func (MsgPackCodec[V]) Append(dst []byte, v V) ([]byte, error) {
	w := bytes.NewBuffer(dst)
	enc := msgpack.GetEncoder()
	defer msgpack.PutEncoder(enc)
	enc.Reset(w)
	enc.SetCustomStructTag("json")
	enc.UseCompactInts(true)
	enc.SetSortMapKeys(true)
	if err := enc.Encode(v); err != nil {
		return dst, fmt.Errorf("codecs: msgpack: append %T: %w", v, err)
	}
	return w.Bytes(), nil
}

// Parse decodes data, exactly one MessagePack value, into a fresh V that aliases nothing. On an error v is left as it
// was. Unknown fields are passed over; of an integer that its field has no room for only the low bits are kept. Data that is
// nested deeper than 10,000 is an error.
func (MsgPackCodec[V]) Parse(data []byte, v *V) error {
	var fresh V
	if err := wellFormed(data); err != nil {
		return fmt.Errorf("codecs: msgpack: parse %d bytes into %T: %w", len(data), fresh, err)
	}
	if err := decode(data, &fresh); err != nil {
		return fmt.Errorf("codecs: msgpack: parse %d bytes into %T: %w", len(data), fresh, err)
	}
	*v = fresh
	return nil
}

// decode reads well-formed data. At what fits its type ill, as bin for the key of a map, the library may panic.
func decode(data []byte, into any) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("it does not fit the type: %v", cause)
		}
	}()
	dec := msgpack.GetDecoder()
	dec.Reset(bytes.NewReader(data))
	dec.SetCustomStructTag("json")
	err = dec.Decode(into)
	msgpack.PutDecoder(dec)
	return err
}

// Format is "MessagePack", whatever the type: what it was may be parsed by what it has become.
func (MsgPackCodec[V]) Format() string { return "MessagePack" }

// Encode is Append for an untyped value; any value but a V is an [ErrType].
func (c MsgPackCodec[V]) Encode(value any) ([]byte, error) { return EncodeAny(c, value) }

// Decode returns a V.
func (c MsgPackCodec[V]) Decode(data []byte) (any, error) { return DecodeAny(c, data) }
