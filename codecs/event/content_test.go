package event_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/codecs/event"
)

// Every line holds events of equal content; lines differ from one another (case 18).
var contents = [][]string{
	{`"type":"p","value":1`, `"value":1.0,"type":"p"`, `"type":"p","value":"1"`, `"type":"p","value":"1.00"`, `"type":"p","value":10e-1`, `"type":"\u0070","value":1, "unknown":5`},
	{`"type":"p","value":-1`},
	{`"type":"p","value":0`, `"type":"p","value":-0.00`, `"type":"p","value":"0e99"`},
	{`"type":"p"`, `"type":"p","value":null`, `"type":"p","value":5,"value":null`, `"type":"p","config_version":0`, `"type":"p","config_version":"7"`, `"type":"p","props":[]`, `"type":"p","props":{}`},
	{`"type":"p","value":123456789012345678901234567890`, `"type":"p","value":"1.2345678901234567890123456789e29"`},
	{`"type":"p","value":123456789012345678901234567891`},
	{`"type":"p","value":12345678901234567890123456789`},
	{`"type":"p","value":1e99999`},
	{`"type":"p","config_version":7`},
	{`"type":"p","reason":"x"`},
	{`"type":"p","ref":"x"`},
	{`"type":"p","variant":"x"`},
	{`"type":"p","experiment":"x"`},
	{`"type":"p","experiment":5`, `"type":"p","experiment":null`},
	{`"type":"p","variant":5`},
	{`"type":"px"`, `"type":"px","reason":""`},
	{`"type":"p","props":{"a":1,"b":"2"}`, `"type":"p","props":{"b":"2","a":1}`, `"props":{"a":5,"b":"\u0032","a":1},"type":"p"`},
	{`"type":"p","props":{"a":1,"b":2}`},
	{`"type":"p","props":{"a":"1","b":"2"}`},
	{`"type":"p","props":{"a":1.0,"b":"2"}`},
	{`"type":"p","props":{"b":1,"a":"2"}`},
	{`"type":"p","props":{"a":null}`},
	{`"type":"p","props":{"a":"null"}`},
	{`"type":"p","props":{"a":{"x":[1, 2],"y":"\u0041"}}`, `"type":"p","props":{"a":{ "y":"A", "x":[1,2]}}`},
	{`"type":"p","props":{"a":{"x":[2,1],"y":"A"}}`},
}

func TestContentIsEqualExactlyForEqualContent(t *testing.T) {
	seenBy := map[uint64]int{}
	for line, texts := range contents {
		for _, text := range texts {
			ev := scan(`{"id":"i","unit":"u","ts":1790000000000,` + text + `}`)
			require.NotEqual(t, event.NotJSON, ev.Fault, text)
			h := ev.Content()
			if other, there := seenBy[h]; there {
				require.Equal(t, line, other, text)
			}
			seenBy[h] = line
		}
	}
	require.Len(t, seenBy, len(contents))
}

func TestContentIgnoresTheIDAlone(t *testing.T) {
	const form = `{"id":"%s","type":"t","unit":"%s","ts":%d}`
	h := scan(fmt.Sprintf(form, "a", "u", 1790000000000)).Content()
	require.Equal(t, h, scan(fmt.Sprintf(form, "b", "u", 1790000000000)).Content())
	require.Equal(t, h, scan(`{"id":"a","type":"t","unit":"u","ts":"2026-09-21T14:13:20Z"}`).Content())
	require.NotEqual(t, h, scan(fmt.Sprintf(form, "a", "v", 1790000000000)).Content())
	require.NotEqual(t, h, scan(fmt.Sprintf(form, "a", "u", 1790000000001)).Content())
}

func TestScaled(t *testing.T) {
	for _, c := range []struct {
		text     string
		decimals int
		v        int64
		rounded  bool
		ok       bool
	}{
		{"12.34", 2, 1234, false, true},
		{"-12.345", 2, -1234, true, true}, // half to even
		{"12.355", 2, 1236, true, true},
		{"12.3450000000000000000000001", 2, 1235, true, true},
		{"0.5", 0, 0, true, true},
		{"1.5", 0, 2, true, true},
		{"-0.4", 0, 0, true, true},
		{"9007199254740992", 0, 1 << 53, false, true}, // 2^53 itself is in range
		{"9007199254740992.5", 0, 1 << 53, true, true},
		{"9007199254740993", 0, 0, false, false},
		{"-9007199254.740993", 6, 0, false, false},
		{"1e-999999999", 9, 0, true, true},
		{"1e999999999", 0, 0, false, false},
		{"0e999999999", 0, 0, false, true},
	} {
		d, ok := event.ParseDecimal([]byte(c.text))
		require.True(t, ok, c.text)
		v, rounded, ok := d.Scaled(c.decimals)
		require.Equal(t, []any{c.v, c.rounded, c.ok}, []any{v, rounded, ok}, c.text)
	}
}

func TestParseDecimalIsStrict(t *testing.T) {
	for _, text := range []string{"", "-", "+1", "01", "1.", ".1", "1e", " 1", "1 ", "0x1", "NaN", "1_0", "１"} {
		_, ok := event.ParseDecimal([]byte(text))
		require.False(t, ok, text)
	}
}

func TestDecimalsAreWrittenAsRead(t *testing.T) {
	for text, want := range map[string]string{
		"12.34": "12.34", "-0.000001": "-0.000001", "0.00000001": "1e-8", "100": "100", "1e2": "1e2", "1.50": "1.50",
		"0": "0", "-0.5e1": "-5", "123456789012345678901234567890.5": "123456789012345678901234567890.5",
		"0.12345678901234567890123": "0.12345678901234567890123",
	} {
		d, ok := event.ParseDecimal([]byte(text))
		require.True(t, ok)
		require.Equal(t, want, d.String(), text)
	}
	require.Equal(t, "12.34", event.NewDecimal(1234, 2).String())
	require.Equal(t, "-5", event.NewDecimal(-5, 0).String())
}

func TestRandomDecimalsScaleAsBigArithmetic(t *testing.T) {
	text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24}|\.[0-9]{0,6}[05]0{0,20})?(e-?[0-9]{1,2})?`)
	rapid.Check(t, func(r *rapid.T) {
		number := text.Draw(r, "number")
		d, ok := event.ParseDecimal([]byte(number))
		require.True(r, ok, number)
		sameNumber(r, number, d)
	})
}
