package experiment

import (
	"errors"
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
)

// EntryCodec is the codec of rows of the registry table: one JSON object. Fields that this version does not know are
// passed over, so that a newer registry can be read.
type EntryCodec struct{}

// ErrEntry is the cause of errors for an entry that names no experiment.
var ErrEntry = errors.New("no entry of an experiment")

var entryJSON = codecs.JSON[*Entry]()

// Append appends the JSON of e; it fails for nil and an entry without name.
func (EntryCodec) Append(dst []byte, e *Entry) ([]byte, error) {
	if e == nil || e.Experiment == "" {
		return dst, fmt.Errorf("experiment: append entry: %w", ErrEntry)
	}
	return entryJSON.Append(dst, e)
}

// Parse decodes data into a fresh entry; nothing aliases data. On an error e is left as it was.
func (EntryCodec) Parse(data []byte, e **Entry) error {
	var fresh *Entry
	if err := entryJSON.Parse(data, &fresh); err != nil {
		return fmt.Errorf("experiment: parse entry: %w", err)
	}
	if fresh == nil || fresh.Experiment == "" {
		return fmt.Errorf("experiment: parse entry of %d bytes: %w", len(data), ErrEntry)
	}
	*e = fresh
	return nil
}

// Encode is Append for an untyped value.
func (c EntryCodec) Encode(value any) ([]byte, error) { return codecs.EncodeAny(c, value) }

// Decode returns an *Entry.
func (c EntryCodec) Decode(data []byte) (any, error) { return codecs.DecodeAny(c, data) }
