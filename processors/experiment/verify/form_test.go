package verify_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment/verify"
)

// reason is what becomes of one event with a value of checkout: the reason of its dead letter, or "counts" or "nothing".
func reason(t *testing.T, value string) string {
	t.Helper()
	s := tell(t, checkout()).expose("x", "u", "A", 0).raw(0, base, value)
	for reason := range s.verifier().DeadLetters() {
		return reason
	}
	if s.expected().Live["orders"]["A"].S.Sign() > 0 {
		return "counts"
	}
	return "nothing"
}

func TestForm(t *testing.T) {
	const good = `"id":"1","type":"buy","unit":"u","ts":1790000040000`
	for value, want := range map[string]string{
		`{` + good + `}`:                        "counts",
		" \t\r\n{" + good + "}\n":               "counts",
		`{` + good + `,"value":1e2}`:            "counts",
		`{` + good + `,"value":"-0.50e+1"}`:     "counts",
		`{` + good + `,"unknown":[{"a":null}]}`: "counts",
		`{` + good + `,"unit":5,"unit":"u"}`:    "counts", // the last of duplicates
		`{"\u0069d":"1","type":"buy","unit":"\u0075","ts":"2026-09-21T14:14:00.000999Z"}`:  "counts",
		`{"id":"1","type":"buy","unit":"u","ts":"2026-09-21T16:14:00.1+02:00"}`:            "counts",
		`{"id":"1","ID":"","Type":"x","type":"buy","unit":"u","ts":1790000040000,"TS":{}}`: "counts", // exact case

		`42`: "not_json", `[]`: "not_json", `null`: "not_json", ``: "not_json", `"{}"`: "not_json",
		"\ufeff{" + good + `}`:                       "not_json",
		`{` + good + `} {}`:                          "not_json",
		`{` + good + `,"value":NaN}`:                 "not_json",
		`{` + good + `,"value":01}`:                  "not_json",
		`{` + good + `,"value":.5}`:                  "not_json",
		`{` + good + `,"a":"` + "\xff" + `"}`:        "not_json",
		`{` + good + `,}`:                            "not_json",
		`{"a":"` + strings.Repeat("x", 1<<20) + `"}`: "too_large",

		`{}`: "no_id",
		`{"id":7,"type":"buy","unit":"u","ts":1790000040000}`:                                            "no_id",
		`{"id":"` + strings.Repeat("x", 65) + `","type":"buy","unit":"u","ts":1}`:                        "no_id",
		`{"id":"1","type":"","unit":"u","ts":1}`:                                                         "no_type",
		`{"id":"1","type":"buy","unit":"u"}`:                                                             "bad_ts",
		`{"id":"1","type":"buy","unit":"u","ts":1790000040000.0}`:                                        "bad_ts",
		`{"id":"1","type":"buy","unit":"u","ts":1.79e12}`:                                                "bad_ts",
		`{"id":"1","type":"buy","unit":"u","ts":"2026-09-21T13:34:00"}`:                                  "bad_ts",
		`{"id":"1","type":"buy","unit":"u","ts":"1790000040000"}`:                                        "bad_ts",
		`{"id":"1","type":"buy","unit":"u","ts":946684799999}`:                                           "ts_past",
		`{"id":"1","type":"buy","unit":"u","ts":1790000340000}`:                                          "nothing",
		`{"id":"1","type":"buy","unit":"u","ts":1790000340001}`:                                          "ts_future", // case 34
		`{` + good + `,"value":"x"}`:                                                                     "bad_value",
		`{` + good + `,"value":"+1"}`:                                                                    "bad_value",
		`{` + good + `,"value":" 1"}`:                                                                    "bad_value",
		`{` + good + `,"value":""}`:                                                                      "bad_value",
		`{` + good + `,"value":true}`:                                                                    "bad_value",
		`{` + good + `,"value":{}}`:                                                                      "bad_value",
		`{"id":"1","type":"exposure","unit":"u","ts":1790000040000,"value":[]}`:                          "bad_value", // case 21: whatever the type
		`{"id":"1","type":"buy","ts":1790000040000}`:                                                     "no_unit",
		`{"id":"1","type":"buy","unit":"","experiment":"checkout","ts":1790000040000}`:                   "no_unit",
		`{"id":"1","type":"buy","unit":"` + strings.Repeat("u", 257) + `","ts":1790000040000}`:           "no_unit",
		`{"id":"1","type":"exposure","unit":"u","variant":"A","ts":1790000040000}`:                       "unknown_experiment",
		`{"id":"1","type":"exposure","unit":"u","experiment":7,"variant":"A","ts":1790000040000}`:        "unknown_experiment",
		`{"id":"1","type":"exposure","unit":"u","experiment":"checkout","ts":1790000040000}`:             "unknown_variant",
		`{"id":"1","type":"exposure","unit":"u","experiment":"checkout","variant":1,"ts":1790000040000}`: "unknown_variant",
		`{` + good + `,"value":9e13}`:                                                                    "counts",
		`{` + good + `,"value":1e14}`:                                                                    "value_out_of_range",
		`{` + good + `,"value":1e999999999999999999999}`:                                                 "value_out_of_range",
		`{` + good + `,"value":1e-999999999999999999999}`:                                                "counts",
		`{"id":"1","type":"retract","unit":"u","ts":1790000040000}`:                                      "bad_ref",
		`{"id":"1","type":"retract","unit":"u","ref":"1","ts":1790000040000}`:                            "bad_ref",
	} {
		require.Equal(t, want, reason(t, value), "%.200s", value)
	}
}

func TestPrecedenceOfFaults(t *testing.T) {
	// Case 19: each event has all faults from its reason on that an event can have together.
	for want, value := range map[string]string{
		"no_id":     `{"type":"","ts":"","value":"x"}`,
		"no_type":   `{"id":"1","ts":"","value":"x"}`,
		"bad_ts":    `{"id":"1","type":"retract","ts":"","value":"x"}`,
		"ts_past":   `{"id":"1","type":"retract","ts":1,"value":"x"}`,
		"ts_future": `{"id":"1","type":"retract","ts":9999999999999,"value":"x"}`,
		"bad_value": `{"id":"1","type":"retract","ts":1790000040000,"value":"x"}`,
		"no_unit":   `{"id":"1","type":"retract","ts":1790000040000}`,
	} {
		require.Equal(t, want, reason(t, value))
	}
	require.Equal(t, "unknown_experiment", reason(t, `{"id":"1","type":"exposure","unit":"u","ts":1790000040000}`))
}

func TestEveryOffsetOfABadEventIsADeadLetter(t *testing.T) {
	s := tell(t, checkout())
	for range 3 {
		s.raw(0, base, `{"id":"1","type":"buy","ts":1790000040000}`) // case 17
	}
	s.expose("1", "u", "A", 0)
	s.want(figures{a: 1, dead: map[string]int64{"no_unit": 3}})
}

func TestBadEventsDoNotMoveTime(t *testing.T) {
	s := tell(t, checkout()).buy("1", "u", "1", 2000)
	s.raw(0, base+60_000, `{"id":"2","type":"buy","ts":1790000100000}`).expose("x", "u", "A", 1000)
	require.Zero(t, s.expected().Dropped["no_exposure"])
}

func TestContent(t *testing.T) {
	event := func(rest string) string { return `{"id":"1","type":"buy","unit":"u","ts":1790000040000` + rest + `}` }
	conflict := func(a, b string) int64 {
		s := tell(t, checkout()).expose("x", "u", "A", 0).raw(0, base, event(a)).raw(0, base, event(b))
		return s.expected().Dropped["conflict"]
	}
	for _, pair := range [][2]string{
		{`,"value":1`, `,"value":"1.00"`}, {`,"value":120`, `,"value":1.2e2`}, {`,"value":-0`, `,"value":0.0e9`},
		{`,"props":{"a":1,"b":"x"}`, `,"props":{"b":"\u0078","a":1}`}, {`,"props":{"a":{"x":1,"y":[2]}}`, `,"props":{"a":{"y": [2],"x":1}}`},
		{`,"other":1`, ``}, {`,"value":null`, ``}, {`,"config_version":0`, ``}, {`,"props":{}`, ``},
		{`,"ts":"2026-09-21T14:14:00Z"`, ``},
	} {
		require.Zero(t, conflict(pair[0], pair[1]), pair)
	}
	for _, pair := range [][2]string{
		{`,"value":1`, `,"value":1.01`}, {`,"value":0`, ``}, {`,"props":{"a":1}`, `,"props":{"a":"1"}`}, {`,"props":{"a":1}`, `,"props":{"a":1.0}`},
		{`,"reason":"x"`, ``}, {`,"ref":"x"`, ``}, {`,"experiment":"e"`, ``}, {`,"config_version":2`, ``}, {`,"ts":1790000040001`, ``},
		{`,"experiment":1`, ``},
	} {
		require.Equal(t, int64(1), conflict(pair[0], pair[1]), pair)
	}
}

func TestTopicsOfOthersAreLeftOut(t *testing.T) {
	v, err := verify.New(verify.Input{Prefix: "p", Partitions: 1})
	require.NoError(t, err)
	v.Event(verify.Record{Topic: "abacus.events", Value: []byte("42")})
	v.Event(verify.Record{Topic: "p.events", Value: []byte("42")})
	require.Equal(t, 1, v.Records())
	require.Equal(t, map[string]int64{"not_json": 1}, v.DeadLetters())
	_, err = verify.New(verify.Input{})
	require.Error(t, err)
}
