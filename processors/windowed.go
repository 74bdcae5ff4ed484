package processors

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// Windowed is the key of a result of a window: the record's key and the window [Start, End), Unix ms.
type Windowed[K any] struct {
	Key        K
	Start, End int64
}

// Show prints key@[start,end), the times by a clock: for stories of topologytest.
func (w Windowed[K]) Show(clock func(ms int64) string) string {
	return fmt.Sprintf("%v@[%s,%s)", w.Key, clock(w.Start), clock(w.End))
}

// WindowedCodec is the codec of windowed keys over that of their keys. The layout is in the
// package doc; its byte order is that of start, end, key.
type WindowedCodec[K any] struct {
	Key codecs.Codec[K]

	closes int64 // ms after their ends the windows close that an aggregate keeps; of others 0
}

var _ codecs.Codec[Windowed[string]] = WindowedCodec[string]{}

var errWindowed = errors.New("processors: malformed windowed key")

const (
	windowedVersion = 1
	windowedHead    = 1 + 8 + 8
	signBit         = 1 << 63 // flipped, so that times before 1970 come first
)

// Append appends the window, then the key. An error is the key codec's.
func (c WindowedCodec[K]) Append(dst []byte, w Windowed[K]) ([]byte, error) {
	head := appendPane(dst, w.Start, w.End)
	out, err := c.Key.Append(head, w.Key)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// Parse reads a windowed key; its Key may alias data where the key codec's values do.
func (c WindowedCodec[K]) Parse(data []byte, w *Windowed[K]) error {
	if len(data) < windowedHead || data[0] != windowedVersion {
		return fmt.Errorf("%w: %d bytes", errWindowed, len(data))
	}
	w.Start, w.End = windowOf(data)
	return c.Key.Parse(data[windowedHead:], &w.Key)
}

// Format is "windowed" and that of the codec of the keys, where it has one.
func (c WindowedCodec[K]) Format() string {
	if inner := topology.LayoutOf("", c.Key, nil).Key; inner != "" {
		return "windowed " + inner
	}
	return ""
}

// Encode is Append for an untyped value; any value but a Windowed[K] is a codecs.ErrType.
func (c WindowedCodec[K]) Encode(value any) ([]byte, error) { return codecs.EncodeAny(c, value) }

// Decode returns a Windowed[K].
func (c WindowedCodec[K]) Decode(data []byte) (any, error) { return codecs.DecodeAny(c, data) }

// appendWindow appends what the keys of windows from a start on begin with.
func appendWindow(dst []byte, start int64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, windowedVersion), uint64(start)^signBit)
}

// appendPane appends what the keys of one window begin with.
func appendPane(dst []byte, start, end int64) []byte {
	return binary.BigEndian.AppendUint64(appendWindow(dst, start), uint64(end)^signBit)
}

// windowOf reads the window of an encoded windowed key.
func windowOf(key []byte) (start, end int64) {
	return int64(binary.BigEndian.Uint64(key[1:]) ^ signBit), int64(binary.BigEndian.Uint64(key[9:]) ^ signBit)
}

// trimHead is the length of the key of a Trim, which appendWindow has appended.
const trimHead = 1 + 8

// startOf reads the start of the window, or the time, with which such a key begins, or that of a row.
func startOf(key []byte) int64 { return int64(binary.BigEndian.Uint64(key[1:]) ^ signBit) }
