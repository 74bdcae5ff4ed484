package event

import "github.com/abacus-stream/abacus/codecs"

// Judged is the codec of events for a source that handles bad ones itself: Parse never fails, what
// is wrong is in Fault. It fills v in place, so a reader that keeps its Event allocates nothing;
// the fields are valid until the next Parse into the same Event.
var Judged judgedCodec

type judgedCodec struct{}

var _ codecs.Codec[Event] = Judged

// Append appends the canonical encoding of v. It never fails.
func (judgedCodec) Append(dst []byte, v Event) ([]byte, error) { return Append(dst, &v), nil }

// Parse reads data into v.
func (judgedCodec) Parse(data []byte, v *Event) error {
	s := Scanner{scratch: v.scratch}
	s.Scan(data, v)
	v.scratch = s.scratch
	return nil
}

// Encode is Append for an untyped value.
func (c judgedCodec) Encode(value any) ([]byte, error) { return codecs.EncodeAny(c, value) }

// Decode returns an Event that aliases data.
func (c judgedCodec) Decode(data []byte) (any, error) { return codecs.DecodeAny(c, data) }
