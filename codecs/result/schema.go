package result

import _ "embed"

// Schema is the JSON Schema (draft 2020-12) of a stats record, for consumers of every language.
//
//go:embed result.schema.json
var Schema []byte
