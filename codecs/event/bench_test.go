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
	for _, text := range []string{taggedEvent, attributedEvent, nastyEvent} {
		data := []byte(text)
		s.Scan(data, &ev)
		require.Equal(t, None, ev.Fault)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			s.Scan(data, &ev)
			ev.Content()
		}))
	}
}

// nastyEvent has escapes everywhere, a time as text and a value as text.
const nastyEvent = `{"\u0069d":"a\"b\\c\/\b\f\n\r\t\u00e9\ud83d\ude00","type":"\ud800x","unit":"\u017b\u00f3\u0142w",` +
	`"ts":"2026-11-20T10:00:00.123456789+05:30","value":"1\u0032.5e1","props":{"k\u0031":"v\u0032","k2":-1.5E+3}}`

func BenchmarkScan(b *testing.B) {
	for _, bench := range []struct{ name, text string }{
		{"tagged", taggedEvent}, {"attributed", attributedEvent}, {"nasty", nastyEvent},
	} {
		b.Run(bench.name, func(b *testing.B) {
			data := []byte(bench.text)
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
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = Append(buf[:0], &ev)
	}
}
