package schematest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct{ schema, good, bad string }{
		{`{"type":"integer"}`, `3.0`, `3.5`},
		{`{"type":["number","null"]}`, `null`, `"3"`},
		{`{"type":"boolean"}`, `true`, `{}`},
		{`{"type":"array","items":{"type":"string"},"minItems":1,"maxItems":2}`, `["a"]`, `["a","b","c"]`},
		{`{"type":"array","items":{"type":"string"},"minItems":1}`, `["a"]`, `[]`},
		{`{"items":{"type":"string"}}`, `["a"]`, `["a",1]`},
		{`{"minLength":2,"maxLength":3}`, `"żół"`, `"żółw"`},
		{`{"minLength":2}`, `5`, `"a"`},
		{`{"minimum":2}`, `2`, `1.9`},
		{`{"pattern":"^a+$"}`, `"aa"`, `"ab"`},
		{`{"enum":["a",1]}`, `1`, `"b"`},
		{`{"const":"a"}`, `"a"`, `"b"`},
		{`{"required":["a"]}`, `{"a":1}`, `{"b":1}`},
		{`{"properties":{"a":{"type":"string"}}}`, `{"b":1}`, `{"a":1}`},
		{`{"properties":{"a":{}},"additionalProperties":false}`, `{"a":1}`, `{"b":1}`},
		{`{"additionalProperties":{"type":"string"}}`, `{"a":"b"}`, `{"a":1}`},
		{`{"anyOf":[{"type":"string"},{"minimum":3}]}`, `3`, `2`},
		{`{"not":{"type":"string"}}`, `3`, `"a"`},
		{`{"if":{"type":"string"},"then":{"minLength":2},"else":{"type":"null"}}`, `null`, `5`},
		{`{"if":{"type":"string"},"then":{"minLength":2}}`, `5`, `"a"`},
		{`{"$defs":{"s":{"type":"string"}},"items":{"$ref":"#/$defs/s"}}`, `["a"]`, `[1]`},
	} {
		require.NoError(t, Check([]byte(c.schema), []byte(c.good)), c.schema)
		require.Error(t, Check([]byte(c.schema), []byte(c.bad)), c.schema)
	}
}

func TestUnknownKeywordsAreRefused(t *testing.T) {
	for _, schema := range []string{
		`{"oneOf":[]}`, `{"properties":{"a":{"maximum":3}}}`, `{"anyOf":[{},{"uniqueItems":true}]}`,
		`{"$defs":{"a":{"not":{"format":"date"}}}}`, `{"$ref":"#/$defs/missing"}`, `[]`, `{`, `{} {}`,
	} {
		require.Error(t, Check([]byte(schema), []byte(`{}`)), schema)
	}
	require.Error(t, Check([]byte(`{}`), []byte(`{`)))
}
