package event_test

import (
	"fmt"
	"strings"
)

// The examples of the documentation, in full.
var examples = []string{
	`{"id":"01JD2R8Q","type":"exposure","unit":"u42","experiment":"checkout-button","variant":"treatment","ts":1790000000123,"config_version":7,"reason":"hash","props":{"country":"DE"}}`,
	`{"id":"01JE0K5X","type":"purchase","unit":"u42","value":12.34,"ts":1790000000999,"props":{"currency":"EUR"}}`,
	`{"id":"01JF1M7A","type":"retract","unit":"u42","ref":"01JE0K5X","ts":1790000009999}`,
	`{"id":"01JG7P3V","type":"api_call","experiment":"new-ranker","variant":"B","value":38.2,"ts":1790000010000}`,
}

var nastyKeys = []string{
	`"id"`, `"type"`, `"unit"`, `"experiment"`, `"variant"`, `"ref"`, `"reason"`, `"ts"`, `"config_version"`, `"value"`,
	`"props"`, `"i\u0064"`, `"\u0074s"`, `"ID"`, `"Id"`, `"Value"`, `"valu"`, `"values"`, `"variants"`, `"experimenter"`,
	`"experimen"`, `"experimexx"`, `"experimen\""`, `"refs"`, `"tss"`, `""`, `"x"`, `"a long key with spaces"`, `"żółw"`, `"k\"q"`, `id`, `"id`, `5`, `null`,
	"\"\x01\"", "\"\xff\"",
}

// nastyValues are JSON values, and near misses, for any field.
func nastyValues() []string {
	values := []string{
		`null`, `true`, `false`, `nul`, `True`, `[]`, `{}`, `[1,2,{"a":[null]}]`, `{"a":1,"b":"x","a":"y"}`, `[1,]`, `{,}`, `{"a":1,}`,
		`{"a"}`, `{"a":}`, `[1 2]`, `[`, `{`, `]`, ``, `NaN`, `Infinity`, `-Infinity`, `'x'`, `undefined`, `0x10`,
		`""`, `" "`, `"u42"`, `"exposure"`, `"retract"`, `"purchase"`, `"a b"`, `"\""`, `"\\"`, `"\/"`, `"\b\f\n\r\t"`, `"\x"`, `"\u12"`,
		`"\u00e9"`, `"\u00E9"`, `"\u0000"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00"`, `"\ud83dx"`, `"\ud83d\u0041"`, `"\ud83d\ud83d\ude00"`,
		`"\ud83d\n"`, `"\ude00\ud83d"`, `"\uD83D\uDE00 tail"`, `"\`, `"\u`, `"open`, "\"tab\there\"", "\"nul\x00\"", "\"del\x7f\"",
		"\"\xff\"", "\"\xc3\xa9\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xef\xbf\xbd\"", "\"\xe2\x80\xa8\"", `"żółw 🐢 żółw"`,
		"\"1234567\xc3\xa9\"", "\"123\x85567890\"", "\"12345678901\x9f567890\"", `"1234567\n"`, `"12345678"`, `"12345678\u0041"`, "\"12345678\x1f\"",
		`"` + strings.Repeat("i", 64) + `"`, `"` + strings.Repeat("i", 65) + `"`, `"` + strings.Repeat("é", 32) + `"`, `"` + strings.Repeat("é", 33) + `"`,
		`"` + strings.Repeat(`\u0069`, 64) + `"`, `"` + strings.Repeat("u", 256) + `"`, `"` + strings.Repeat("u", 257) + `"`,
	}
	return append(values, nastyNumbers...)
}

var nastyNumbers = []string{
	`0`, `-0`, `-0.0`, `0e5`, `-`, `+1`, `.5`, `5.`, `01`, `-01`, `00`, `1e`, `1e+`, `1E-`, `1e5`, `1E+5`, `1e-5`, `1.5e3`, `1.e3`, `--1`, `1-`,
	`12.34`, `-12.34`, `1.0`, `1.00`, `100`, `1e2`, `7`, `-7`, `0.5`, `1.5`, `2.5`, `-2.5`, `0.125`, `0.0000005`, `0.0000015`, `1.0000005`,
	`9007199254740992`, `9007199254740993`, `-9007199254740992`, `9007199254740992.5`, `9007199254740991.5`, `9007199254740992.4999999999999999999999`,
	`9223372036854775807`, `9223372036854775808`, `-9223372036854775808`, `-9223372036854775809`, `18446744073709551615`, `18446744073709551616`,
	`9999999999999999999`, `99999999999999999999`, `10000000000000000000000`, `123456789012345678901234567890`, `0.1234567890123456789012345`,
	`0.5000000000000000000000000000001`, `2.5000000000000000000000000000001`, `2.5000000000000000000000000000000`, `1234567890123456789.5`,
	`0.00000000000000000000000000001`, `000.1`, `0.000000000000000000000`, `1e400`, `-1e400`, `1e-400`, `1e18`, `1e19`, `1e20`, `123e-19`, `5e-1`, `5e-7`,
	`15e-7`, `25e-7`, `5000000000000000000e-19`, `5000000000000000001e-19`, `5e-20`, `1e999999999999999999999`, `1e-999999999999999999999`, `0e999999999999999999999`,
	`"0"`, `"12.34"`, `"-1.50"`, `"1e3"`, `"01"`, `" 1"`, `"1 "`, `"+1"`, `"1."`, `".1"`, `"1,5"`, `"0x1"`, `"NaN"`, `"1\u0032"`, `"123456789012345678901234567890.123"`,
}

var nastyTimes = []string{
	`946684800000`, `946684799999`, `1790000000123`, `1790000000123.0`, `179000000012e1`, `-1`, `"1790000000123"`,
	`"2000-01-01T00:00:00Z"`, `"1999-12-31T23:59:59.999999999Z"`, `"2000-01-01T00:30:00+01:00"`, `"2026-11-20T10:00:00.123456789Z"`,
	`"2026-11-20T10:00:00.999999999999Z"`, `"2026-11-20T10:00:00.1+05:30"`, `"2026-11-20T10:00:00-23:59"`, `"2026-11-20T10:00:00+24:00"`,
	`"2026-11-20T10:00:00+23:60"`, `"2026-11-20T10:00:00,5Z"`, `"2026-11-20T1:00:00Z"`, `"2026-11-20T10:00:00"`, `"2026-11-20 10:00:00Z"`,
	`"2026-11-20t10:00:00z"`, `"2026-11-20T10:00:00.Z"`, `"2026-02-29T00:00:00Z"`, `"2028-02-29T00:00:00Z"`, `"2026-13-01T00:00:00Z"`, `"2026-00-01T00:00:00Z"`,
	`"2026-11-00T00:00:00Z"`, `"2026-11-20T24:00:00Z"`, `"2026-11-20T23:60:00Z"`, `"2026-11-20T10:60:00Z"`, `"2026-11-20T10:00:60Z"`, `"2026-11-20T10:00:00+01x00"`, `"2026-11-20T23:59:60Z"`, `"0000-01-01T00:00:00Z"`, `"9999-12-31T23:59:59.999Z"`,
	`"2026-11-20T10:00:00+0100"`, `"2026-11-20T10:00:00UTC"`, `"2026-11-20T10:00:00Z "`, `"2026-11-20T10:00:00.5"`, `"2026-11-20"`,
}

// corpus is every text that the scanner is held against the oracle with, and the seed of the fuzz test.
func corpus() []string {
	all := append([]string{
		``, ` `, `42`, `[]`, `null`, `"x"`, `true`, `{}`, ` {} `, "\ufeff{}", `{}{}`, `{} x`, "{}\x00", `{]`, "\xff", `{"a":1`, "\x00{}", "\v{}", "{}\u00a0",
		`[` + examples[0] + `]`, examples[0] + "\n", "\t" + examples[1], examples[2] + ",", examples[3] + "\xff",
	}, examples...)
	put := func(key, value string) string {
		return fmt.Sprintf(`{"id":"i1","type":"purchase","unit":"u1","ts":1790000000000,%s:%s}`, key, value)
	}
	for _, key := range nastyKeys {
		all = append(all, put(key, `"v"`), put(key, `1`))
	}
	for _, key := range []string{`"id"`, `"unit"`, `"type"`, `"experiment"`, `"value"`, `"config_version"`, `"props"`, `"other"`} {
		for _, value := range nastyValues() {
			all = append(all, put(key, value), fmt.Sprintf(`{"type":"retract","ts":1790000000000,"variant":"B",%s:%s,"x":0}`, key, value))
		}
	}
	for _, value := range append(nastyTimes, nastyValues()...) {
		all = append(all, put(`"ts"`, value), put(`"ts"`, value+`,"x":1`), put(`"props"`, `{"p":`+value+`,"q":[`+value+`]}`))
	}
	for _, depth := range []int{9_998, 9_999, 10_000, 10_001} {
		all = append(all, put(`"deep"`, strings.Repeat("[", depth)+strings.Repeat("]", depth)),
			put(`"props"`, `{"d":`+strings.Repeat(`{"a":`, depth-1)+"1"+strings.Repeat("}", depth-1)+"}"))
	}
	for _, size := range []int{1<<20 - 1, 1 << 20, 1<<20 + 1} {
		all = append(all, examples[1]+strings.Repeat(" ", size-len(examples[1])))
	}
	var many strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&many, `"k%d":%d,`, i%1000, i)
	}
	return append(all, put(`"props"`, "{"+many.String()+`"k7":"last"}`), strings.Repeat("{", 20_000))
}
