package processors

import (
	"encoding/binary"
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
)

// paneCodec is the codec of windowed keys of a millisecond in the order of key, start: all panes of
// a key lie in one range, though others may lie between.
type paneCodec[K any] struct{ key codecs.Codec[K] }

var _ codecs.Codec[Windowed[string]] = paneCodec[string]{}

// Append appends the key, then the start.
func (c paneCodec[K]) Append(dst []byte, w Windowed[K]) ([]byte, error) {
	out, err := c.key.Append(append(dst, windowedVersion), w.Key)
	if err != nil {
		return dst, err
	}
	return appendTime(out, w.Start), nil
}

// Parse reads what Append appends.
func (c paneCodec[K]) Parse(data []byte, w *Windowed[K]) error {
	if len(data) < 1+paneTail || data[0] != windowedVersion {
		return fmt.Errorf("%w: %d bytes", errWindowed, len(data))
	}
	key, at := cutTime(data)
	w.Start, w.End = at, at+1
	return c.key.Parse(key[1:], &w.Key)
}

// Encode is Append for an untyped value.
func (c paneCodec[K]) Encode(value any) ([]byte, error) { return codecs.EncodeAny(c, value) }

// Decode returns a Windowed[K].
func (c paneCodec[K]) Decode(data []byte) (any, error) { return codecs.DecodeAny(c, data) }

// appendTime appends a time so that times are ordered as bytes.
func appendTime(dst []byte, at int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(at)^signBit)
}

// paneTail is the length of the start in a key of paneCodec.
const paneTail = 8

// cutTime splits what paneCodec appends: version and key, start.
func cutTime(data []byte) (key []byte, at int64) {
	n := len(data) - paneTail
	return data[:n:n], int64(binary.BigEndian.Uint64(data[n:]) ^ signBit)
}
