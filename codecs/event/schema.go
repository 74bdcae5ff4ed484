package event

import _ "embed"

// Schema is the JSON Schema (draft 2020-12) of an event, for producers of every language. It says what a schema can:
// limits it counts in characters the scanner counts in bytes, and times it does not check.
//
//go:embed event.schema.json
var Schema []byte
