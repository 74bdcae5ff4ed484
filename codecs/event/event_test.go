package event_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/codecs/schematest"
)

// scan reads text with a scanner of its own.
func scan(text string) *event.Event {
	var s event.Scanner
	var ev event.Event
	s.Scan([]byte(text), &ev)
	return &ev
}

func TestDocumentedExamples(t *testing.T) {
	for i, text := range examples {
		ev := scan(text)
		require.Equal(t, event.None, ev.Fault, text)
		require.Equal(t, i == 3, ev.Tagged(), text)
		require.Equal(t, i == 2, ev.Retraction())
		require.NoError(t, schematest.Check(event.Schema, []byte(text)))
		require.Equal(t, text, string(event.Append(nil, ev)))
	}
	ev := scan(examples[0])
	require.True(t, ev.Exposure())
	require.EqualValues(t, 7, ev.ConfigVersion)
	require.EqualValues(t, 1790000000123, ev.Time)
	require.True(t, ev.Where("country", "DE"))
}

// Each event has every fault after the one it is named by: the first is the reason (case 19).
func TestFaultsInOrderOfPrecedence(t *testing.T) {
	for _, c := range []struct{ want, text string }{
		{"too_large", strings.Repeat("x", event.MaxBytes+1)},
		{"not_json", `{"id":""} x`},
		{"no_id", `{"type":"","ts":"?","value":"?"}`},
		{"no_type", `{"id":"i","type":"","ts":"?","value":"?"}`},
		{"bad_ts", `{"id":"i","type":"retract","ts":"?","value":"?"}`},
		{"ts_past", `{"id":"i","type":"retract","ts":1,"value":"?"}`},
		{"bad_value", `{"id":"i","type":"retract","ts":1790000000000,"value":"?"}`},
		{"no_unit", `{"id":"i","type":"retract","ts":1790000000000}`},
		{"bad_ref", `{"id":"i","type":"retract","unit":"u","ts":1790000000000}`},
		{"", `{"id":"i","type":"retract","unit":"u","ref":"r","ts":1790000000000}`},
	} {
		require.Equal(t, c.want, scan(c.text).Fault.String(), c.text[:min(len(c.text), 80)])
	}
	for f := event.None; f < event.RetractTooLate; f++ {
		require.NotEqual(t, "unknown_fault", (f + 1).String())
	}
	require.Equal(t, "unknown_fault", (event.RetractTooLate + 1).String())
}

// Case 34: exactly five minutes ahead is accepted; case 19: ts_future comes before bad_value, after ts_past.
func TestJudgeByAppendTime(t *testing.T) {
	const ts = 1790000000000
	good := scan(fmt.Sprintf(`{"id":"i","type":"t","unit":"u","ts":%d}`, ts))
	require.Equal(t, event.None, good.Judge(ts))
	require.Equal(t, event.None, good.Judge(ts-5*60*1000))
	require.Equal(t, event.TSFuture, good.Judge(ts-5*60*1000-1))

	badValue := scan(fmt.Sprintf(`{"id":"i","type":"t","unit":"u","value":[],"ts":%d}`, ts))
	require.Equal(t, event.BadValue, badValue.Judge(ts))
	require.Equal(t, event.TSFuture, badValue.Judge(0))
	require.Equal(t, event.NoID, scan(`{"ts":9223372036854775807}`).Judge(0))
	require.Equal(t, event.TSPast, scan(`{"id":"i","type":"t","ts":0}`).Judge(-1e15))
	require.Equal(t, event.TSFuture, scan(`{"id":"i","type":"t","unit":"u","ts":9223372036854775807}`).Judge(ts))
	require.Equal(t, event.NotJSON, scan(`{`).Judge(0))
}

func TestWhoNeedsAUnit(t *testing.T) {
	for text, want := range map[string]event.Fault{
		`"type":"api_call","experiment":"e","variant":"B"`:                             event.None,
		`"type":"api_call","experiment":"e","variant":""`:                              event.NoUnit,
		`"type":"api_call","experiment":"e","variant":5`:                               event.NoUnit,
		`"type":"api_call","variant":"B"`:                                              event.NoUnit,
		`"type":"exposure","experiment":"e","variant":"B"`:                             event.NoUnit,
		`"type":"retract","experiment":"e","variant":"B","ref":"r"`:                    event.NoUnit,
		`"type":"api_call","experiment":"e","variant":"B","unit":5`:                    event.None,
		`"type":"purchase","unit":"` + strings.Repeat("u", 257) + `"`:                  event.NoUnit,
		`"type":"purchase","unit":"` + strings.Repeat("u", 256) + `"`:                  event.None,
		`"type":"purchase","unit":"u","unit":""`:                                       event.NoUnit,
		`"type":"exposure","experiment":5,"variant":null,"unit":"u"`:                   event.None,
		`"type":"purchase","unit":"u","experiment":"e","variant":"B","value":"` + `1"`: event.None,
	} {
		require.Equal(t, want, scan(`{"id":"i","ts":1790000000000,`+text+`}`).Fault, text)
	}
}

// Case 32: not a string is unknown, which is not the same as absent.
func TestOddTagIsRemembered(t *testing.T) {
	ev := scan(`{"id":"i","type":"exposure","unit":"u","ts":1790000000000,"experiment":5,"variant":null}`)
	require.True(t, ev.OddExperiment && ev.OddVariant)
	require.Empty(t, ev.Experiment)
	ev = scan(`{"id":"i","type":"exposure","unit":"u","ts":1790000000000,"experiment":5,"experiment":"e"}`)
	require.False(t, ev.OddExperiment || ev.OddVariant)
	require.Equal(t, "e", string(ev.Experiment))
}

// Case 26: equality with a string after unescaping, or with the literal of a number or boolean.
func TestWhere(t *testing.T) {
	ev := scan(`{"id":"i","type":"t","unit":"u","ts":1790000000000,"props":{"c":"E\u0055R","n":1.50,"b":true,"z":null,"a":["x"],"c2":"1","e":""}}`)
	for _, c := range []struct {
		key, text string
		want      bool
	}{
		{"c", "EUR", true}, {"c", `E\u0055R`, false}, {"n", "1.50", true}, {"n", "1.5", false}, {"b", "true", true},
		{"z", "null", false}, {"a", `["x"]`, false}, {"c2", "1", true}, {"missing", "", false}, {"e", "", true},
	} {
		require.Equal(t, c.want, ev.Where(c.key, c.text), c.key)
	}
}

func TestPropsKeepTheLastInOrderOfTheText(t *testing.T) {
	const head = `{"id":"i","type":"t","unit":"u","ts":1790000000000,"props":`
	keys := func(text string) (keys string) {
		for _, p := range scan(head + text + "}").Props {
			keys += string(p.Key) + "=" + string(p.Text) + " "
		}
		return keys
	}
	require.Equal(t, "b=2 a=3 ", keys(`{"a":1,"b":2,"a":3}`))
	require.Equal(t, "", keys(`[1]`))
	require.Equal(t, "", keys(`{"a":1},"props":null`))
	require.Equal(t, "b=1 ", keys(`{"a":1},"props":{"b":1}`))
	many := strings.TrimSuffix(strings.Repeat(`"a":1,"b":2,`, 50_000), ",")
	require.Equal(t, "a=1 b=2 ", keys("{"+many+"}"))
}

func TestFieldsAliasTheData(t *testing.T) {
	data := []byte(examples[1])
	var s event.Scanner
	var ev event.Event
	s.Scan(data, &ev)
	data[strings.Index(examples[1], "purchase")] = 'P'
	require.Equal(t, "Purchase", string(ev.Type))
	grown := append(ev.ID, '!')
	require.Equal(t, "01JE0K5X!", string(grown))
	require.Equal(t, byte('"'), data[strings.Index(examples[1], "01JE0K5X")+8], "append must not write into the data")
}

func TestCodec(t *testing.T) {
	var _ codecs.Codec[event.Event] = event.Codec
	data, err := event.Codec.Encode(*scan(examples[0]))
	require.NoError(t, err)
	require.Equal(t, examples[0], string(data))
	decoded, err := event.Codec.Decode(data)
	require.NoError(t, err)
	require.Equal(t, "u42", string(decoded.(event.Event).Unit))
	_, err = event.Codec.Encode(7)
	require.ErrorIs(t, err, codecs.ErrType)
	_, err = event.Codec.Decode([]byte(`{"id":"i"}`))
	require.EqualError(t, err, `event: parse 10 bytes, id "i": no_type`)
}

func TestAppendEscapesAndOmits(t *testing.T) {
	ev := event.Event{
		ID: []byte("a\"\\\x00\n\xff"), Type: []byte("t"), Time: -5, Value: event.NewDecimal(math.MinInt64, 3), HasValue: true,
		Props: []event.Prop{{Key: []byte("k"), Text: []byte("é")}, {Key: []byte("n"), Text: []byte("[1]"), Kind: event.Other}},
	}
	require.Equal(t, `{"id":"a\"\\\u0000\u000a`+"\ufffd"+`","type":"t","value":-9223372036854775.808,"ts":-5,"props":{"k":"é","n":[1]}}`,
		string(event.Append(nil, &ev)))
	require.Equal(t, `{"ts":0}`, string(event.Append(nil, &event.Event{})))
}
