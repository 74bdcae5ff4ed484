package event_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/codecs/event"
)

// pack is v as MessagePack by the library, which the scanner shares nothing with.
func pack(t failer, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := msgpack.NewEncoder(&b)
	enc.SetSortMapKeys(true)
	require.NoError(t, enc.Encode(v))
	return b.Bytes()
}

// packedGood is a good event with one more field.
func packedGood(t failer, key string, v any) []byte {
	t.Helper()
	fields := map[string]any{"id": "i1", "type": "purchase", "unit": "u1", "ts": 1790000000000}
	if key != "" {
		fields[key] = v
	}
	return pack(t, fields)
}

// sameEvent wants two events to say the same, whatever they were written in.
func sameEvent(t failer, want, got *event.Event) {
	t.Helper()
	w, g := seen(want), seen(got)
	for _, v := range []*verdict{&w, &g} {
		for i, p := range v.Props {
			if p.Kind == "other" {
				v.Props[i].Text = normalJSON(t, p.Text)
			}
		}
	}
	require.Equal(t, w, g)
	require.Equal(t, want.HasValue, got.HasValue)
	_, digits, exp := parts(want.Value.String())
	_, gotDigits, gotExp := parts(got.Value.String())
	require.Equal(t, []any{digits, exp.String()}, []any{gotDigits, gotExp.String()})
	require.Equal(t, want.Content(), got.Content())
}

func normalJSON(t failer, text string) string {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	require.NoError(t, dec.Decode(&v), text)
	out, err := json.Marshal(v)
	require.NoError(t, err)
	return string(out)
}

func TestDocumentedExamplesAsMessagePack(t *testing.T) {
	for _, text := range examples {
		packed := event.AppendMsgPack(nil, scan(text))
		require.Less(t, len(packed), len(text))
		ev := scan(string(packed))
		require.Equal(t, text, string(event.Append(nil, ev)))
		sameEvent(t, scan(text), ev)

		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &fields))
		sameEvent(t, scan(text), scan(string(pack(t, fields)))) // with all numbers as floats
	}
	require.Equal(t, "\x84\xa2id\xa1i\xa4type\xa1t\xa5value\xa41.25\xa2ts\x05",
		string(event.AppendMsgPack(nil, &event.Event{ID: []byte("i"), Type: []byte("t"), Time: 5, Value: event.NewDecimal(125, 2), HasValue: true})))
}

var packedKeys = []string{"id", "type", "unit", "experiment", "variant", "ref", "reason", "ts", "config_version", "value", "props", "ID", "x", "", "żółw"}

// drawAny draws anything that both JSON and MessagePack can say.
func drawAny(r *rapid.T, depth int) any {
	form := rapid.IntRange(0, 9).Draw(r, "form")
	if form > 7 && depth == 0 {
		form = 0
	}
	switch form {
	case 0, 1:
		return rapid.String().Draw(r, "string")
	case 2:
		return rapid.SampledFrom([]any{nil, true, false, "", "0", "-12.50", "1e3", "retract", "exposure", strings.Repeat("é", 300), "2026-11-20T10:00:00.5+02:00"}).Draw(r, "sample")
	case 3:
		return rapid.Int64().Draw(r, "int")
	case 4:
		return rapid.Uint64().Draw(r, "uint")
	case 5:
		return rapid.Float64().Draw(r, "float")
	case 6:
		return rapid.Float32().Draw(r, "float32")
	case 7:
		return rapid.Int64Range(946684800000, 1790000000000).Draw(r, "time")
	case 8:
		return rapid.SliceOfN(rapid.Custom(func(r *rapid.T) any { return drawAny(r, depth-1) }), 0, 20).Draw(r, "array")
	}
	return drawMap(r, depth-1)
}

func drawMap(r *rapid.T, depth int) map[string]any {
	members := map[string]any{}
	for range rapid.IntRange(0, 20).Draw(r, "members") {
		members[rapid.String().Draw(r, "key")] = drawAny(r, depth)
	}
	return members
}

// TestAnEventIsTheSameInBothEncodings: faults, fields and content, whatever the fields hold.
func TestAnEventIsTheSameInBothEncodings(t *testing.T) {
	var s event.Scanner
	var packed event.Event
	good := 0
	rapid.Check(t, func(r *rapid.T) {
		fields := map[string]any{}
		if rapid.IntRange(0, 3).Draw(r, "head") > 0 {
			fields = map[string]any{"id": "i", "type": "t", "unit": "u", "ts": 1790000000000}
		}
		for range rapid.IntRange(0, 8).Draw(r, "fields") {
			fields[rapid.SampledFrom(packedKeys).Draw(r, "key")] = drawAny(r, 2)
		}
		if rapid.Bool().Draw(r, "props") {
			fields["props"] = drawMap(r, 2)
		}
		text, err := json.Marshal(fields)
		require.NoError(r, err)
		data := pack(r, fields)
		want := scan(string(text))
		s.Scan(data, &packed)
		sameEvent(r, want, &packed)
		if want.Fault == event.None && !want.OddExperiment && !want.OddVariant {
			good++
			sameEvent(r, want, scan(string(event.Append(nil, &packed))))
			sameEvent(r, want, scan(string(event.AppendMsgPack(nil, want))))
		}
		if len(fields) > 0 {
			s.Scan(data[:len(data)-1], &packed)
			require.Equal(r, event.NotMsgPack, packed.Fault)
		}
		s.Scan(append(data, 0xc0), &packed)
		require.Equal(r, event.NotMsgPack, packed.Fault)
	})
	require.NotZero(t, good)
}

// TestMessagePackValues: exact, or refused.
func TestMessagePackValues(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string // "": bad
	}{
		{12, "12"}, {-1, "-1"}, {uint64(math.MaxUint64), "18446744073709551615"}, {int64(math.MinInt64), "-9223372036854775808"},
		{uint64(1e19), "1e19"}, {uint64(1e19 - 1), "9999999999999999999"},
		{"12.340", "12.340"}, {"1e3", "1e3"}, {"123456789012345678901234567890.5", "123456789012345678901234567890.5"},
		{12.34, "12.34"}, {float32(12.34), "12.34"}, {0.1, "0.1"}, {-0.000001, "-0.000001"}, {1e-7, "0.0000001"}, {100.0, "100"}, {1e21, "1e21"}, {5e-324, "5e-324"},
		{"", ""}, {"01", ""}, {"1.", ""}, {true, ""}, {[]any{}, ""}, {map[string]any{}, ""}, {[]byte("12"), ""},
		{math.NaN(), ""}, {math.Inf(-1), ""}, {float32(math.Inf(1)), ""}, {time.UnixMilli(5), ""},
	} {
		ev := scan(string(packedGood(t, "value", c.value)))
		require.Equal(t, c.want != "", ev.HasValue, "%v", c.value)
		if c.want == "" {
			require.Equal(t, event.BadValue, ev.Fault, "%v", c.value)
			continue
		}
		require.Equal(t, event.None, ev.Fault, "%v", c.value)
		require.Equal(t, c.want, ev.Value.String())
		sameNumber(t, c.want, ev.Value)
	}
	require.False(t, scan(string(packedGood(t, "value", nil))).HasValue)
	require.Equal(t, event.None, scan(string(packedGood(t, "value", nil))).Fault)
}

func TestMessagePackTimes(t *testing.T) {
	const bad = int64(math.MinInt64)
	for _, c := range []struct {
		text string
		want int64
	}{
		{"\xcf\x00\x00\x01\xa0\xc4\x3f\x64\x7b", 0x1a0c43f647b},
		{"\xcb\x42\x7a\x0c\x43\xf6\x47\xb0\x00", 0x1a0c43f647b}, // a float of a whole value
		{"\xcb\x42\x7a\x0c\x43\xf6\x47\xb4\x00", bad},           // with a fraction
		{"\xb62026-11-20T10:00:00.5Z", time.Date(2026, 11, 20, 10, 0, 0, 5e8, time.UTC).UnixMilli()},
		{"\xd6\xff\x6a\xb0\x00\x00", 0x6ab00000 * 1000},
		{"\xd7\xff\xee\x6b\x27\xfc\x6a\xb0\x00\x00", 0x6ab00000*1000 + 999},
		{"\xc7\x0c\xff\x3b\x9a\xc9\xff\x00\x00\x00\x00\x6a\xb0\x00\x00", 0x6ab00000*1000 + 999},
		{"\xc7\x0c\xff\x3b\x9a\xca\x00\x00\x00\x00\x00\x6a\xb0\x00\x00", bad}, // a whole second of nanoseconds
		{"\xc7\x0c\xff\x00\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff", bad}, // beyond milliseconds
		{"\xd6\x01\x6a\xb0\x00\x00", bad},                                     // an ext of another type
		{"\xc7\x03\xff\x6a\xb0\x00", bad},
		{"\xc7\x00\xff", bad},
		{"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", bad},
		{"\xc0", bad}, {"\xc3", bad}, {"\x90", bad},
	} {
		text, want := c.text, c.want
		ev := scan("\x84\xa2id\xa1i\xa4type\xa1t\xa4unit\xa1u\xa2ts" + text)
		if want == bad {
			require.Equal(t, event.BadTS, ev.Fault, "%x", text)
			continue
		}
		require.Equal(t, event.None, ev.Fault, "%x", text)
		require.Equal(t, want, ev.Time, "%x", text)
	}
	at := time.UnixMilli(1790000000123).Add(999 * time.Microsecond)
	ev := scan(string(pack(t, map[string]any{"id": "i", "type": "t", "unit": "u", "ts": at})))
	require.EqualValues(t, 1790000000123, ev.Time)
	require.Equal(t, event.TSPast, scan(string(pack(t, map[string]any{"id": "i", "type": "t", "unit": "u", "ts": time.UnixMilli(-1)}))).Fault)
}

// TestMalformedMessagePack: what is not exactly one map with str keys, all of it UTF-8, is a dead letter of its own name.
func TestMalformedMessagePack(t *testing.T) {
	for _, text := range []string{
		"\x81", "\x81\xa1", "\x81\xa1x", "\x80\x00", "\xde", "\xde\x00", "\xdf\x00\x00\x00", "\xdf\xff\xff\xff\xff", "\x81\xa1x\xc1", "\x81\xc1\x00",
		"\x81\x01\x02", "\x81\xc4\x01x\x02", "\x81\xc0\x02", // keys that are no str
		"\x81\xa1\xff\x00", "\x81\xa1x\xa1\xff", "\x81\xa1x\x91\xa1\xff", "\x81\xa5props\x81\xa1x\x91\xa1\xff", "\x81\xa5props\x81\x01\x02", "\x81\xa5props\x81\xa1x\x81\x01\x02",
		"\x81\xa1x\xd9", "\x81\xa1x\xd9\x02a", "\x81\xa1x\xdb\xff\xff\xff\xff", "\x81\xa1x\xc4\x02a", "\x81\xa1x\xd6\xff\x00", "\x81\xa1x\xc9\xff\xff\xff\xff\x01",
		"\x81\xa1x\xdd\xff\xff\xff\xff", "\x81\xa1x\xdf\xff\xff\xff\xff\xa1x", "\x81\xa1x\xcb\x00", "\x81\xa1x\xcd\x00", "\x81\xa5props\x82\xa1x\x01", "\x81\xa5props\x81\xa1x\x92\x01",
	} {
		require.Equal(t, event.NotMsgPack, scan(text).Fault, "%x", text)
	}
	require.Equal(t, "not_msgpack", event.NotMsgPack.String())
	require.Equal(t, event.TooLarge, scan("\x81"+strings.Repeat("x", event.MaxBytes)).Fault)
	for _, text := range []string{"\xa1x", "\x90", "\xc0", "\x93\x01\x02\x03", "\x05"} {
		require.Equal(t, event.NotJSON, scan(text).Fault, "%x", text)
	}
	for depth, want := range map[int]event.Fault{9_999: event.None, 10_000: event.NotMsgPack} {
		nested := strings.Repeat("\x91", depth-1) + "\x90"
		head := strings.Replace(string(packedGood(t, "", nil)), "\x84", "\x85", 1)
		require.Equal(t, want, scan(head+"\xa1x"+nested).Fault, depth)
		require.Equal(t, want, scan(head+"\xa5props\x81\xa1x"+nested[1:]).Fault, depth)
	}
}

// TestWhatJSONCannotSay: bin, ext, infinities and NaN are values of the wrong type, and null in props.
func TestWhatJSONCannotSay(t *testing.T) {
	for _, odd := range []any{[]byte("u1"), math.Inf(1), math.NaN(), float32(math.Inf(-1)), time.UnixMilli(5)} {
		require.Equal(t, event.NoUnit, scan(string(packedGood(t, "unit", odd))).Fault)
		require.Equal(t, event.NoID, scan(string(packedGood(t, "id", odd))).Fault)
		require.True(t, scan(string(packedGood(t, "variant", odd))).OddVariant)
		require.Equal(t, event.None, scan(string(packedGood(t, "other", odd))).Fault)
		require.Empty(t, scan(string(packedGood(t, "props", odd))).Props)
		ev := scan(string(packedGood(t, "props", map[string]any{"a": odd, "b": []any{odd, 1}})))
		require.Equal(t, []oracleProp{{"a", "other", "null"}, {"b", "other", "[null,1]"}}, seen(ev).Props)
	}
}

func TestMessagePackAliasesTheData(t *testing.T) {
	data := packedGood(t, "props", map[string]any{"k": "value"})
	var s event.Scanner
	var ev event.Event
	s.Scan(data, &ev)
	data[bytes.Index(data, []byte("purchase"))] = 'P'
	require.Equal(t, "Purchase", string(ev.Type))
	require.Equal(t, "i1!", string(append(ev.ID, '!')))
	require.NotContains(t, string(data), "i1!", "append must not write into the data")
}

func FuzzScanMsgPack(f *testing.F) {
	for _, text := range examples {
		f.Add(event.AppendMsgPack(nil, scan(text)))
	}
	f.Add([]byte("\xde\x00\x01\xa1x\xdc\x00\x02\xca\x3f\x80\x00\x00\xd7\xff\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		ev := scan(string(data))
		if ev.Fault == event.None && !ev.OddExperiment && !ev.OddVariant {
			sameEvent(t, ev, scan(string(event.Append(nil, ev))))
			sameEvent(t, ev, scan(string(event.AppendMsgPack(nil, ev))))
		}
	})
}
