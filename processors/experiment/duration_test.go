package experiment_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/processors/experiment"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]experiment.Duration{
		"5s": 5_000, "10m": 600_000, "24h": 86_400_000, "7d": 604_800_000, "250ms": 250, "1h30m": 5_400_000,
		"0s": 0, "unlimited": experiment.Unlimited, "36525d": 36525 * 86_400_000,
	} {
		got, err := experiment.ParseDuration(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "5", "s", "-1s", "1.5h", "7 d", "5s ", "Unlimited", "1w", "99999999999999999999s"} {
		_, err := experiment.ParseDuration(text)
		require.ErrorContains(t, err, "want a length of time", text)
	}
	for _, text := range []string{"36525d1ms", "9223372036854775807d"} {
		_, err := experiment.ParseDuration(text)
		require.ErrorContains(t, err, "longer than 100 years", text)
	}
}

func TestDurationText(t *testing.T) {
	for d, want := range map[experiment.Duration]string{
		0: "0s", 1: "1ms", 1500: "1500ms", 60_000: "1m", 86_400_000: "1d", 5_400_000: "90m", experiment.Unlimited: "unlimited",
	} {
		require.Equal(t, want, d.String())
	}
	rapid.Check(t, func(t *rapid.T) {
		d := experiment.Duration(rapid.Int64Range(0, 36525*86_400_000).Draw(t, "ms"))
		text, err := json.Marshal(d)
		require.NoError(t, err)
		var back experiment.Duration
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, d, back)
	})
	var d experiment.Duration
	require.Error(t, json.Unmarshal([]byte(`5`), &d), "a number has no unit")
	require.Error(t, json.Unmarshal([]byte(`"5"`), &d))
}

func TestAmount(t *testing.T) {
	for _, c := range []struct {
		text      string
		v         int64
		exact, ok bool
	}{{"500", 50_000, true, true}, {"12.50", 1250, true, true}, {"1e2", 10_000, true, true}, {"0.125", 12, false, true}, {"1e14", 0, true, false}, {"x", 0, false, false}} {
		v, exact, ok := experiment.Amount(c.text).Scaled(2)
		require.Equal(t, c.v, v, c.text)
		require.Equal(t, c.ok, ok, c.text)
		if ok {
			require.Equal(t, c.exact, exact, c.text)
		}
	}
	var a experiment.Amount
	for _, text := range []string{`12.50`, `"12.50"`} {
		require.NoError(t, json.Unmarshal([]byte(text), &a))
		require.Equal(t, experiment.Amount("12.50"), a)
	}
	for _, text := range []string{`"x"`, `true`, `[]`, `".5"`} {
		require.Error(t, json.Unmarshal([]byte(text), &a), text)
	}
}

func TestParseWhere(t *testing.T) {
	for text, want := range map[string][2]string{"currency=EUR": {"currency", "EUR"}, "note=a=b c": {"note", "a=b c"}, "empty=": {"empty", ""}, "": {"", ""}} {
		key, value, err := experiment.ParseWhere(text)
		require.NoError(t, err, text)
		require.Equal(t, want, [2]string{key, value}, text)
	}
	for _, text := range []string{"currency", "=EUR", "a!=b", "a>=b", "a==b", "a = b", " a=b", "a=b "} {
		_, _, err := experiment.ParseWhere(text)
		require.ErrorContains(t, err, "want prop=value", text)
	}
}
