package replay

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/event"
)

func TestTimes(t *testing.T) {
	at := func(text string) int64 {
		parsed, err := time.Parse(time.RFC3339Nano, text)
		require.NoError(t, err)
		return parsed.UnixMilli()
	}
	var c clock
	for text, want := range map[string]string{
		"2016-09-24 17:42:27.839496":     "2016-09-24T17:42:27.839Z",
		"2016-09-24 17:42:27":            "2016-09-24T17:42:27Z",
		"2016-09-24T17:42:27":            "2016-09-24T17:42:27Z",
		"2016-09-24T17:42:27.5Z":         "2016-09-24T17:42:27.5Z",
		"2016-09-24T17:42:27+02:00":      "2016-09-24T15:42:27Z",
		"2016-09-24T17:42:27+0200":       "2016-09-24T15:42:27Z",
		"2016-09-24 17:42:27+02:00":      "2016-09-24T15:42:27Z",
		"2016-09-24 17:42:27 +0200":      "2016-09-24T15:42:27Z",
		"2016-09-24 17:42:27+02":         "2016-09-24T15:42:27Z",
		"2016-09-24 17:42:27.839496 UTC": "2016-09-24T17:42:27.839Z",
		"2016-09-24 17:42":               "2016-09-24T17:42:00Z",
		"2016-09-24":                     "2016-09-24T00:00:00Z",
		"7/5/2020":                       "2020-07-05T00:00:00Z",
		"07/05/2020":                     "2020-07-05T00:00:00Z",
		"7/5/2020 9:30":                  "2020-07-05T09:30:00Z",
		"7/5/2020 9:30:01 PM":            "2020-07-05T21:30:01Z",
		"1475000000":                     "2016-09-27T18:13:20Z",
		"1475000000.25":                  "2016-09-27T18:13:20.25Z",
		"1475000000123":                  "2016-09-27T18:13:20.123Z",
		"946684800":                      "2000-01-01T00:00:00Z",
		"946684800000":                   "2000-01-01T00:00:00Z",
	} {
		got, ok := c.parse(text)
		require.True(t, ok, text)
		require.Equal(t, at(want), got, text)
	}
	for _, text := range []string{"", "yesterday", "13/25/2020", "2016-02-30", "2016-09-24 25:00:00", "1475000000.x", "+5", "-5", "1475000000123.5"} {
		_, ok := c.parse(text)
		require.False(t, ok, text)
	}
}

func TestTruths(t *testing.T) {
	for _, text := range []string{"true", "TRUE", "True", "yes", "Y", "t", "1", "2", "-1", "0.5", "1.0"} {
		value, ok := parseTruth(text)
		require.True(t, ok && value, text)
	}
	for _, text := range []string{"false", "FALSE", "no", "N", "f", "0", "0.0", "-0", ""} {
		value, ok := parseTruth(text)
		require.True(t, ok && !value, text)
	}
	for _, text := range []string{"maybe", "NA", "1x", "ja", "nan", "inf", "0x1"} {
		_, ok := parseTruth(text)
		require.False(t, ok, text)
	}
}

func TestAmounts(t *testing.T) {
	for text, want := range map[string]string{
		"12.34": "12.34", "-7": "-7", "+3": "3", "007": "7", ".5": "0.5", "-.5": "-0.5", "5.": "5", "00.10": "0.10",
		"1e3": "1e3", "+01.5E-2": "0.015", "0": "0", "000": "0",
	} {
		got, _, ok := parseAmount([]byte("before"), text)
		require.True(t, ok, text)
		require.Equal(t, want, got.String(), text)
	}
	for _, text := range []string{"", ".", "-", "+", "abc", "1,5", "1 5", "--1", "+-1", "1e", "e5", "NaN", "Inf", "0x10", "1_0", "$5"} {
		_, _, ok := parseAmount(nil, text)
		require.False(t, ok, text)
	}
}

// TestPrecision: as many decimals as needed, at most nine, and none that the largest value cannot have.
func TestPrecision(t *testing.T) {
	for _, test := range []struct {
		values []string
		want   int
	}{
		{nil, 0},
		{[]string{"1", "20", "3e2"}, 0},
		{[]string{"1.5", "2.25", "3.10"}, 2},
		{[]string{"0.123456789"}, 9},
		{[]string{"0.12345678912"}, 9},
		{[]string{"9007199254740992"}, 0},
		{[]string{"9007199254740", "0.12345"}, 3},
		{[]string{"1e-12", "5000000", "4000000"}, 9},            // the sum just has room for nine
		{[]string{"1e-12", "5000000", "5000000"}, 8},            // digits are lost anyway: no total may pass the bound
		{[]string{"0.123456789", "9000000", "9000000"}, 9},      // exact as it is
		{[]string{"0.123456789", "90000000", "-90000000.5"}, 8}, // the largest has no room
	} {
		var p precision
		for _, text := range test.values {
			value, ok := event.ParseDecimal([]byte(text))
			require.True(t, ok)
			number, _ := parseNumber(text)
			p.see(value, max(number, -number))
		}
		require.Equal(t, test.want, p.decimals(), test.values)
	}
}
