package codecs

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Int64 is the codec of int64: 8 bytes, big endian, two's complement (Kafka's LongSerializer).
var Int64 Int64Codec

// Float64 is the codec of float64: 8 bytes, the IEEE 754 bits, big endian (Kafka's DoubleSerializer).
// NaNs and the sign of zero survive.
var Float64 Float64Codec

// Int64Codec is the type of [Int64].
type Int64Codec struct{}

// Append appends the 8 bytes of v. It never fails.
func (Int64Codec) Append(dst []byte, v int64) ([]byte, error) {
	return binary.BigEndian.AppendUint64(dst, uint64(v)), nil
}

// Parse reads 8 bytes into v; data of another length is an [ErrLength].
func (Int64Codec) Parse(data []byte, v *int64) error {
	if len(data) != 8 {
		return lengthError("int64", data)
	}
	*v = int64(binary.BigEndian.Uint64(data))
	return nil
}

// Format is "int64".
func (Int64Codec) Format() string { return "int64" }

// Encode is Append for an untyped value; any value but an int64 is an [ErrType].
func (c Int64Codec) Encode(value any) ([]byte, error) { return EncodeAny(c, value) }

// Decode returns an int64; data of another length than 8 is an [ErrLength].
func (c Int64Codec) Decode(data []byte) (any, error) { return DecodeAny(c, data) }

// Float64Codec is the type of [Float64].
type Float64Codec struct{}

// Append appends the 8 bytes of v. It never fails.
func (Float64Codec) Append(dst []byte, v float64) ([]byte, error) {
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(v)), nil
}

// Parse reads 8 bytes into v; data of another length is an [ErrLength].
func (Float64Codec) Parse(data []byte, v *float64) error {
	if len(data) != 8 {
		return lengthError("float64", data)
	}
	*v = math.Float64frombits(binary.BigEndian.Uint64(data))
	return nil
}

// Format is "float64".
func (Float64Codec) Format() string { return "float64" }

// Encode is Append for an untyped value; any value but a float64 is an [ErrType].
func (c Float64Codec) Encode(value any) ([]byte, error) { return EncodeAny(c, value) }

// Decode returns a float64; data of another length than 8 is an [ErrLength].
func (c Float64Codec) Decode(data []byte) (any, error) { return DecodeAny(c, data) }

func lengthError(name string, data []byte) error {
	return fmt.Errorf("codecs: %s: parse %d bytes: %w, want 8", name, len(data), ErrLength)
}
