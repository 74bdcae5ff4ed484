package result

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
)

// Codec is the codec of stats records: JSON, deterministic. Parse makes a fresh Record and ignores fields it does
// not know; both directions refuse a record of another Version.
var Codec recordCodec

type recordCodec struct{}

var _ codecs.Codec[*Record] = Codec

// Append appends the JSON of r. It fails on a nil record and on one whose V is not Version.
func (recordCodec) Append(dst []byte, r *Record) ([]byte, error) {
	if r == nil {
		return dst, fmt.Errorf("result: append: the record is nil")
	}
	if r.V != Version {
		return dst, fmt.Errorf("result: append %s: version %d, want %d", r.Key(), r.V, Version)
	}
	return codecs.JSON[*Record]().Append(dst, r)
}

// Parse reads data into a new Record.
func (recordCodec) Parse(data []byte, v **Record) error {
	r := new(Record)
	if err := codecs.JSON[Record]().Parse(data, r); err != nil {
		return fmt.Errorf("result: %w", err)
	}
	if r.V != Version {
		return fmt.Errorf("result: parse: version %d, want %d", r.V, Version)
	}
	*v = r
	return nil
}

// Encode is Append for an untyped value; any value but a *Record is a codecs.ErrType.
func (c recordCodec) Encode(value any) ([]byte, error) { return codecs.EncodeAny(c, value) }

// Decode returns a *Record.
func (c recordCodec) Decode(data []byte) (any, error) { return codecs.DecodeAny(c, data) }
