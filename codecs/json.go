package codecs

import (
	"encoding/json"
	"fmt"
)

// JSON returns the codec of V as JSON by package encoding/json: compact, map keys sorted, so equal values have
// equal bytes, and without HTML escapes.
func JSON[V any]() JSONCodec[V] { return JSONCodec[V]{} }

// JSONCodec is the type of [JSON].
type JSONCodec[V any] struct{}

// Append appends the JSON of v; it fails on what JSON cannot hold (NaN, channels, cycles).
func (JSONCodec[V]) Append(dst []byte, v V) ([]byte, error) {
	w := appender{buf: dst}
	enc := json.NewEncoder(&w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return dst, fmt.Errorf("codecs: json: append %T: %w", v, err)
	}
	return w.buf[:len(w.buf)-1], nil // the encoder ends with a newline
}

// Parse decodes data, exactly one JSON value, into a fresh V: nothing of what v held shines through.
// On an error v is left as it was.
func (JSONCodec[V]) Parse(data []byte, v *V) error {
	var fresh V
	if err := json.Unmarshal(data, &fresh); err != nil {
		return fmt.Errorf("codecs: json: parse %d bytes into %T: %w", len(data), fresh, err)
	}
	*v = fresh
	return nil
}

// Format is "JSON", whatever the type: what it was may be parsed by what it has become.
func (JSONCodec[V]) Format() string { return "JSON" }

// Encode is Append for an untyped value; any value but a V is an [ErrType].
func (c JSONCodec[V]) Encode(value any) ([]byte, error) { return EncodeAny(c, value) }

// Decode returns a V.
func (c JSONCodec[V]) Decode(data []byte) (any, error) { return DecodeAny(c, data) }

// appender is the writer that appends.
type appender struct{ buf []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.buf = append(a.buf, p...)
	return len(p), nil
}
