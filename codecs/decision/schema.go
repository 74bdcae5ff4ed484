package decision

import _ "embed"

// Schema is the JSON Schema (draft 2020-12) of a decision record, for consumers of every language.
//
//go:embed decision.schema.json
var Schema []byte
