package event

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// taggedEvent has 152 bytes, as the figures of the design do.
const taggedEvent = `{"id":"01JG7P3V8K2Q9X5T0B6M4N1RWZ","type":"api_call","experiment":"new-ranker-v2",` +
	`"variant":"treatment","value":38.25,"ts":1790000010000,"props":{}}    `

const attributedEvent = `{"id":"01JE0K3V8K2Q9X5T0B6M4N1RWZ","type":"purchase","unit":"u-4815162342","value":12.34,` +
	`"ts":1790000000999,"props":{"currency":"EUR","country":"DE","items":3,"first":true}}`

func TestBenchmarkEventsAreGoodAndFree(t *testing.T) {
	require.Len(t, taggedEvent, 152)
	var s Scanner
	var ev Event
	for _, data := range [][]byte{[]byte(taggedEvent), []byte(attributedEvent), []byte(nastyEvent), asMsgPack(taggedEvent), asMsgPack(attributedEvent), packedNasty} {
		s.Scan(data, &ev)
		require.Equal(t, None, ev.Fault)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			s.Scan(data, &ev)
			if len(ev.Props) < 5 { // the content of nested props takes encoding/json
				ev.Content()
			}
		}))
	}
}

// nastyEvent has escapes everywhere, a time as text and a value as text.
const nastyEvent = `{"\u0069d":"a\"b\\c\/\b\f\n\r\t\u00e9\ud83d\ude00","type":"\ud800x","unit":"żów",` +
	`"ts":"2026-11-20T10:00:00.123456789+05:30","value":"1\u0032.5e1","props":{"k\u0031":"v\u0032","k2":-1.5E+3}}`

// packedNasty has a float as value, a timestamp, and props of every kind, one of them nested.
var packedNasty = []byte("\x86\xa2id\xa1i\xa4type\xa1t\xa4unit\xa4żó\xa2ts\xd7\xff\xee\x6b\x27\xfc\x6a\xb0\x00\x00\xa5value\xcb\x40\x28\xae\x14\x7a\xe1\x47\xae" +
	"\xa5props\x85\xa1a\xca\x3f\x80\x00\x00\xa1b\xc3\xa1c\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa1d\x82\xa1x\x92\x01\xc0\xa1y\xa2\"\n\xa1e\xc4\x02\x00\xff")

// asMsgPack is a JSON event as MessagePack.
func asMsgPack(text string) []byte {
	var s Scanner
	var ev Event
	s.Scan([]byte(text), &ev)
	return AppendMsgPack(nil, &ev)
}

func BenchmarkScan(b *testing.B) {
	for _, bench := range []struct {
		name string
		data []byte
	}{
		{"tagged", []byte(taggedEvent)}, {"attributed", []byte(attributedEvent)}, {"nasty", []byte(nastyEvent)},
		{"tagged as MessagePack", asMsgPack(taggedEvent)}, {"attributed as MessagePack", asMsgPack(attributedEvent)}, {"nasty as MessagePack", packedNasty},
	} {
		b.Run(bench.name, func(b *testing.B) {
			data := bench.data
			var s Scanner
			var ev Event
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				s.Scan(data, &ev)
			}
			if ev.Fault != None {
				b.Fatal(ev.Fault)
			}
		})
	}
}

func BenchmarkContent(b *testing.B) {
	var s Scanner
	var ev Event
	s.Scan([]byte(attributedEvent), &ev)
	b.ReportAllocs()
	for b.Loop() {
		ev.Content()
	}
}

func BenchmarkAppend(b *testing.B) {
	var s Scanner
	var ev Event
	s.Scan([]byte(attributedEvent), &ev)
	for name, add := range map[string]func([]byte, *Event) []byte{"JSON": Append, "MessagePack": AppendMsgPack} {
		b.Run(name, func(b *testing.B) {
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				buf = add(buf[:0], &ev)
			}
		})
	}
}
