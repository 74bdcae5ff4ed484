package event

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
)

// Codec is the codec of events for streams that hold them decoded: Append writes the canonical encoding; Parse fills
// an Event whose slices alias the data, and fails, with the reason, on an event that is a dead letter by itself.
// A loop that wants no allocation, or the fields of bad events, uses a Scanner.
var Codec eventCodec

type eventCodec struct{}

var _ codecs.Codec[Event] = Codec

// Append appends the canonical encoding of v. It never fails.
func (eventCodec) Append(dst []byte, v Event) ([]byte, error) { return Append(dst, &v), nil }

// Parse reads data into v, which aliases it; v is a fresh Event, so an older one is not overwritten.
func (eventCodec) Parse(data []byte, v *Event) error {
	var s Scanner
	*v = Event{}
	s.Scan(data, v)
	if v.Fault != None {
		return fmt.Errorf("event: parse %d bytes, id %q: %s", len(data), v.ID, v.Fault)
	}
	return nil
}

// Encode is Append for an untyped value; any value but an Event is a codecs.ErrType.
func (c eventCodec) Encode(value any) ([]byte, error) { return codecs.EncodeAny(c, value) }

// Decode returns an Event that aliases data.
func (c eventCodec) Decode(data []byte) (any, error) { return codecs.DecodeAny(c, data) }
