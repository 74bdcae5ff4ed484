package decision

import (
	"fmt"
	"strconv"

	"github.com/abacus-stream/abacus/codecs"
)

// ID is the id of a decision: checkout-button|1|errors|treatment, of a split checkout-button|1|split|.
func ID(experiment string, run int64, metric, variant string) string {
	return experiment + "|" + strconv.FormatInt(run, 10) + "|" + metric + "|" + variant
}

// Codec is the codec of decision records: JSON, deterministic. Parse makes a fresh Record and ignores fields it does not know; both
// directions refuse a record of another Version, and one whose id is not that of its fields.
var Codec recordCodec

type recordCodec struct{}

var _ codecs.Codec[*Record] = Codec

// Append appends the JSON of r. It fails on a nil record and on one that Parse would refuse.
func (recordCodec) Append(dst []byte, r *Record) ([]byte, error) {
	if r == nil {
		return dst, fmt.Errorf("decision: append: the record is nil")
	}
	if err := r.check(); err != nil {
		return dst, fmt.Errorf("decision: append: %w", err)
	}
	return codecs.JSON[*Record]().Append(dst, r)
}

// Parse reads data into a new Record.
func (recordCodec) Parse(data []byte, v **Record) error {
	r := new(Record)
	if err := codecs.JSON[Record]().Parse(data, r); err != nil {
		return fmt.Errorf("decision: %w", err)
	}
	if err := r.check(); err != nil {
		return fmt.Errorf("decision: parse: %w", err)
	}
	*v = r
	return nil
}

// check says why r is no record of this Version.
func (r *Record) check() error {
	if r.V != Version {
		return fmt.Errorf("%s: version %d, want %d", r.ID, r.V, Version)
	}
	if id := ID(r.Experiment, r.Run, r.Metric, r.Variant); r.ID != id {
		return fmt.Errorf("id %q, want %q", r.ID, id)
	}
	if r.Action != Stop && r.Action != Alert {
		return fmt.Errorf("%s: action %q, want %s or %s", r.ID, r.Action, Stop, Alert)
	}
	return nil
}

// Encode is Append for an untyped value; any value but a *Record is a codecs.ErrType.
func (c recordCodec) Encode(value any) ([]byte, error) { return codecs.EncodeAny(c, value) }

// Decode returns a *Record.
func (c recordCodec) Decode(data []byte) (any, error) { return codecs.DecodeAny(c, data) }
