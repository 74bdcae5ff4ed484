package event_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/codecs/event"
)

var kinds = map[event.PropKind]string{event.String: "string", event.Literal: "literal", event.Other: "other"}

// seen turns a scanned event into the oracle's form; its value is compared apart.
func seen(ev *event.Event) verdict {
	v := verdict{
		ID: string(ev.ID), Type: string(ev.Type), Unit: string(ev.Unit), Experiment: string(ev.Experiment),
		Variant: string(ev.Variant), Ref: string(ev.Ref), Reason: string(ev.Reason), Time: ev.Time,
		ConfigVersion: ev.ConfigVersion, OddExperiment: ev.OddExperiment, OddVariant: ev.OddVariant,
		Fault: ev.Fault.String(),
	}
	for _, p := range ev.Props {
		v.Props = append(v.Props, oracleProp{string(p.Key), kinds[p.Kind], string(p.Text)})
	}
	return v
}

// failer is a test or a property.
type failer interface {
	require.TestingT
	Helper()
}

// compare scans data, twice with the same scanner, and holds the result against the oracle's.
func compare(t failer, s *event.Scanner, ev *event.Event, data []byte) {
	t.Helper()
	want := oracle(data)
	for range 2 {
		s.Scan(data, ev)
		number := want.Value
		got := seen(ev)
		got.Value = number
		require.Equal(t, want, got)
		require.Equal(t, number != "", ev.HasValue)
		if number != "" {
			sameNumber(t, number, ev.Value)
		}
	}
	if ev.Fault == event.None {
		roundTrip(t, ev)
	}
}

func sameNumber(t failer, number string, d event.Decimal) {
	t.Helper()
	neg, digits, exp := parts(number)
	gotNeg, gotDigits, gotExp := parts(d.String())
	if exp.IsInt64() && exp.Int64() < 1e17 && exp.Int64() > -1e17 {
		require.Equal(t, [3]any{neg, digits, exp.String()}, [3]any{gotNeg, gotDigits, gotExp.String()}, number)
	}
	require.True(t, json.Valid([]byte(d.String())))
	for _, decimals := range []int{0, 2, 6, 9} {
		v, rounded, ok := scaled(number, decimals)
		gotV, gotRounded, gotOK := d.Scaled(decimals)
		require.Equal(t, [3]any{v, rounded, ok}, [3]any{gotV, gotRounded, gotOK}, "%s to %d", number, decimals)
	}
}

// roundTrip writes a good event canonically and reads it again.
func roundTrip(t failer, ev *event.Event) {
	t.Helper()
	var s event.Scanner
	var back event.Event
	s.Scan(event.Append(nil, ev), &back)
	want := seen(ev)
	require.Equal(t, want.OddExperiment || want.OddVariant, ev.Content() != back.Content())
	want.OddExperiment, want.OddVariant = false, false
	require.Equal(t, want, seen(&back))
}

func FuzzScan(f *testing.F) {
	for _, text := range corpus() {
		if len(text) < 4096 {
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 0 && strings.IndexByte("\xde\xdf", data[0]) < 0 && data[0]&0xf0 != 0x80 { // else it is MessagePack
			var s event.Scanner
			var ev event.Event
			compare(t, &s, &ev, data)
		}
	})
}

// TestScannerAgreesWithTheOracle runs every nasty text through one scanner, so that nothing is left over from the
// record before.
func TestScannerAgreesWithTheOracle(t *testing.T) {
	var s event.Scanner
	var ev event.Event
	for _, text := range corpus() {
		compare(t, &s, &ev, []byte(text))
		for _, cut := range []int{1, len(text) / 3, len(text) / 2, len(text) - 1} {
			if cut > 0 && cut < len(text) && len(text) < 4096 {
				compare(t, &s, &ev, []byte(text[:cut]))
			}
		}
	}
}

// TestRandomEventsAgreeWithTheOracle builds objects from nasty pieces, most of them well-formed.
func TestRandomEventsAgreeWithTheOracle(t *testing.T) {
	key := rapid.SampledFrom(nastyKeys)
	value := rapid.SampledFrom(append(nastyValues(), nastyTimes...))
	spaces := rapid.SampledFrom([]string{"", "", "", "", " ", "\n\t", " \r "})
	var s event.Scanner
	var ev event.Event
	rapid.Check(t, func(r *rapid.T) {
		var b strings.Builder
		b.WriteString(rapid.SampledFrom([]string{"", `"id":"i","type":"t","unit":"u","ts":1790000000000,`}).Draw(r, "head"))
		for range rapid.IntRange(0, 12).Draw(r, "members") {
			b.WriteString(spaces.Draw(r, "s1") + key.Draw(r, "key") + spaces.Draw(r, "s2") + ":")
			b.WriteString(spaces.Draw(r, "s3") + value.Draw(r, "value") + spaces.Draw(r, "s4") + ",")
		}
		text := "{" + strings.TrimSuffix(b.String(), ",") + "}"
		compare(r, &s, &ev, []byte(text))
	})
}
