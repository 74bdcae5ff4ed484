package verify

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	scanned "github.com/abacus-stream/abacus/codecs/event"
)

// asRead holds what the judge reads of a value in MessagePack against what the scanner does: two readers that share nothing.
func asRead(t require.TestingT, data []byte) {
	const appended, ahead = 1790000000000, 5 * 60_000
	e, reason := parse(Record{Value: data, Appended: appended}, ahead)
	var s scanned.Scanner
	var ev scanned.Event
	s.Scan(data, &ev)
	require.Equal(t, ev.Judge(appended).String(), reason, "%x", data)
	if reason == "not_msgpack" || reason == "not_json" || reason == "too_large" {
		return
	}
	if ev.Fault != scanned.None && ev.Fault <= scanned.BadTS { // of a bad ts the time means nothing
		e.ts = ev.Time
	}
	texts := func(texts ...any) []any { return texts }
	require.Equal(t, texts(string(ev.ID), string(ev.Type), string(ev.Unit), string(ev.Ref), string(ev.Experiment), string(ev.Variant), string(ev.Reason), ev.Time, ev.ConfigVersion),
		texts(e.id, e.kind, e.unit, e.ref, e.experiment, e.variant, e.reason, e.ts, e.version), "%x", data)
	require.Equal(t, ev.HasValue, e.value != nil, "%x", data)
	if ev.HasValue {
		d, ok := parseDecimal(ev.Value.String())
		require.True(t, ok)
		require.Equal(t, d, *e.value, "%x", data)
	}
	require.Len(t, e.props, len(ev.Props), "%x", data)
	for _, p := range ev.Props {
		want := prop{text: string(p.Text), form: "slo"[p.Kind], original: string(p.Text)}
		if p.Kind == scanned.Other {
			want.text, want.original = "", normal(json.RawMessage(p.Text))
		}
		require.Equal(t, want, e.props[string(p.Key)], "%x", data)
	}
}

var pieces = []string{
	"\x80", "\x81", "\x84", "\xde\x00\x02", "\xdf\x00\x00\x00\x01", "\x90", "\x92", "\xdc\x00\x01", "\xdd\x00\x00\x00\x01", "\xdd\xff\xff\xff\xff",
	"\xa2id", "\xa4type", "\xa4unit", "\xa2ts", "\xd9\x05value", "\xa5props", "\xaaexperiment", "\xa7variant", "\xa3ref", "\xa6reason", "\xaeconfig_version",
	"\xa0", "\xa1i", "\xa212", "\xa3\xc5\xbb\xff", "\xd9\x02\xc5\xbb", "\xda\x00\x01x", "\xdb\x00\x00\x00\x01x", "\xa8exposure", "\xa7retract", "\xa3-.5", "\xa41e-7",
	"\x00", "\x07", "\xff", "\xcc\xc8", "\xcd\x01\x00", "\xce\x00\x01\x00\x00", "\xcf\x00\x00\x01\xa0\xc4\x3f\x64\x7b", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
	"\xd0\x80", "\xd1\x80\x00", "\xd2\x80\x00\x00\x00", "\xd3\x80\x00\x00\x00\x00\x00\x00\x00", "\xd3\x00\x00\x01\xa0\xc4\x3f\x64\x7b",
	"\xca\x3f\xc0\x00\x00", "\xca\x7f\xc0\x00\x00", "\xca\x35\x86\x37\xbd", "\xcb\x42\x7a\x0c\x43\xf6\x47\xb0\x00", "\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", "\xcb\x80\x00\x00\x00\x00\x00\x00\x00", "\xcb\x44\x4b\x1a\xe4\xd6\xe2\xef\x50",
	"\xc0", "\xc1", "\xc2", "\xc3", "\xc4\x02ab", "\xc5\x00\x01a", "\xc6\x00\x00\x00\x00", "\xd4\x01a", "\xd5\xff\x00\x00", "\xd6\xff\x6a\xb0\x00\x00", "\xd7\xff\xee\x6b\x27\xfc\x6a\xb0\x00\x00",
	"\xd8\xff0123456789abcdef", "\xc7\x0c\xff\x3b\x9a\xc9\xff\x00\x00\x00\x00\x6a\xb0\x00\x00", "\xc7\x0c\xff\x3b\x9a\xca\x00\x00\x00\x00\x00\x6a\xb0\x00\x00", "\xc7\x0c\xff\x00\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00", "\xc9\xff\xff\xff\xff\xff", "\xc8\x00\x01\x05x",
}

// TestTheJudgeAndTheScannerReadTheSame: anything, put together from pieces of MessagePack, much of it well-formed.
func TestTheJudgeAndTheScannerReadTheSame(t *testing.T) {
	piece := rapid.SampledFrom(pieces)
	rapid.Check(t, func(r *rapid.T) {
		n, head := rapid.IntRange(0, 7).Draw(r, "pairs"), "\x80"
		if rapid.Bool().Draw(r, "good") {
			head = "\x84\xa2id\xa1i\xa4type\xa1t\xa4unit\xa1u\xa2ts\xcf\x00\x00\x01\xa0\xc4\x3f\x64\x7b"
		}
		data := []byte(head)
		data[0] += byte(n)
		for range n {
			data = append(data, piece.Draw(r, "key")...)
			for range rapid.SampledFrom([]int{1, 1, 1, 1, 2, 3, 5}).Draw(r, "pieces") {
				data = append(data, piece.Draw(r, "value")...)
			}
		}
		asRead(r, data)
		asRead(r, data[:len(data)-min(len(data)-1, rapid.IntRange(0, 3).Draw(r, "cut"))])
	})
}

// TestTheJudgeReadsFieldsOfAllForms: each field with each value, alone and in props.
func TestTheJudgeReadsFieldsOfAllForms(t *testing.T) {
	head := map[string]any{"id": "i", "type": "t", "unit": "u", "ts": 1790000000000}
	for _, key := range []string{"id", "type", "unit", "experiment", "variant", "ref", "reason", "config_version", "value", "ts", "props", "more"} {
		for _, piece := range pieces {
			fields := map[string]any{key: msgpack.RawMessage(piece)}
			inner := map[string]any{"props": map[string]any{"a": msgpack.RawMessage(piece), "b": []any{msgpack.RawMessage(piece)}}}
			for k, v := range head {
				inner[k] = v
				if k != key {
					fields[k] = v
				}
			}
			for _, v := range []any{fields, inner} {
				var b bytes.Buffer
				require.NoError(t, msgpack.NewEncoder(&b).Encode(v))
				asRead(t, b.Bytes())
			}
		}
	}
	for _, depth := range []int{9_998, 9_999, 10_000, 10_001} {
		asRead(t, []byte("\x81\xa1x"+strings.Repeat("\x91", depth)+"\xc0"))
		asRead(t, []byte("\x81\xa5props"+strings.Repeat("\x81\xa1a", depth)+"\xc0"))
	}
	asRead(t, []byte("\x81"+strings.Repeat("x", 1<<20)))
	asRead(t, bytes.Repeat([]byte("\x81"), 1<<20))
}

// TestTheJudgeReadsFloatsAsTheScanner: their shortest decimals.
func TestTheJudgeReadsFloatsAsTheScanner(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var b bytes.Buffer
		f32 := math.Float32frombits(rapid.Uint32().Draw(r, "float32"))
		f64 := math.Float64frombits(rapid.Uint64().Draw(r, "float64"))
		require.NoError(r, msgpack.NewEncoder(&b).Encode(map[string]any{
			"id": "i", "type": "t", "unit": "u", "ts": 1790000000000, "value": rapid.SampledFrom([]any{f32, f64}).Draw(r, "value"),
			"props": map[string]any{"a": f32, "b": f64, "c": []any{f32, f64}},
		}))
		asRead(r, b.Bytes())
	})
}

func FuzzMsgPack(f *testing.F) {
	for _, piece := range pieces {
		f.Add([]byte("\x82\xa2id" + piece + "\xa5props\x81\xa1k" + piece))
	}
	f.Fuzz(func(t *testing.T, data []byte) { asRead(t, data) })
}
