package codecs

// Bytes is the identity codec of byte slices.
var Bytes BytesCodec

// String is the codec of strings: their bytes, not checked to be UTF-8.
var String StringCodec

// BytesCodec is the type of [Bytes].
type BytesCodec struct{}

// Append appends v itself. It never fails.
func (BytesCodec) Append(dst, v []byte) ([]byte, error) { return append(dst, v...), nil }

// Parse sets v to data, without a copy: v is valid as long as data is. It never fails.
func (BytesCodec) Parse(data []byte, v *[]byte) error {
	*v = data
	return nil
}

// Format is empty: bytes may be of any format.
func (BytesCodec) Format() string { return "" }

// Encode is Append for an untyped value; any value but a []byte is an [ErrType].
func (c BytesCodec) Encode(value any) ([]byte, error) { return EncodeAny(c, value) }

// Decode returns a []byte that aliases data.
func (c BytesCodec) Decode(data []byte) (any, error) { return DecodeAny(c, data) }

// StringCodec is the type of [String].
type StringCodec struct{}

// Append appends the bytes of v. It never fails.
func (StringCodec) Append(dst []byte, v string) ([]byte, error) { return append(dst, v...), nil }

// Parse sets v to a copy of data. It never fails.
func (StringCodec) Parse(data []byte, v *string) error {
	*v = string(data)
	return nil
}

// Format is "string".
func (StringCodec) Format() string { return "string" }

// Encode is Append for an untyped value; any value but a string is an [ErrType].
func (c StringCodec) Encode(value any) ([]byte, error) { return EncodeAny(c, value) }

// Decode returns a string.
func (c StringCodec) Decode(data []byte) (any, error) { return DecodeAny(c, data) }
