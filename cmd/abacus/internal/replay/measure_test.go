package replay

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMeasures(t *testing.T) {
	for _, test := range []struct{ text, name, kind, column, cap string }{
		{"buy=conversion:bought", "buy", conversion, "bought", ""},
		{"buy=conversion:action=buy", "buy", conversion, "", ""},
		{"buy=conversion:yes=1|no=1", "buy", conversion, "", ""},
		{"spend=mean:spend", "spend", mean, "spend", ""},
		{"spend=mean:spend,cap=12.50", "spend", mean, "spend", "12.50"},
		{"spend=mean:spend, decimals=2 ,cap=5", "spend", mean, "spend", "5"},
		{"spend=mean:spend?country=DE", "spend", mean, "spend", ""},
		{"n=count:action=view,cap=3", "n", count, "", "3"},
		{"n=count:city=Rome, Italy", "n", count, "", ""},
	} {
		m, err := parseMeasure(test.text)
		require.NoError(t, err, test.text)
		require.Equal(t, []string{test.name, test.kind, test.column, test.cap},
			[]string{m.name, m.kind, m.column, string(m.cap)}, test.text)
		require.Equal(t, m.column == "" || strings.Contains(test.text, "?"), m.when != nil, test.text)
	}
	m, err := parseMeasure("n=count:city=Rome, Italy")
	require.NoError(t, err)
	require.Equal(t, "Rome, Italy", m.when[0].value)
}

func TestMeasureFaults(t *testing.T) {
	for text, want := range map[string]string{
		"spend":                     "want NAME=KIND:ARG",
		"spend=mean":                "want NAME=KIND:ARG",
		"Spend=mean:x":              "no name of a metric",
		"exposure=mean:x":           "cannot be called",
		"retract=count:a=1":         "cannot be called",
		"spend=median:x":            "unknown kind",
		"spend=mean:":               "names no column",
		"spend=conversion:":         "names no column",
		"n=count:views":             "no condition",
		"spend=mean:x?y":            "no condition",
		"spend=mean:x,cap=much":     "is not a number",
		"spend=mean:x,cap=":         "is not a number",
		"spend=mean:x,decimals=10":  "want 0 to 9",
		"spend=mean:x,floor=1":      "unknown option",
		"buy=conversion:x,cap=1":    "no meaning",
		"n=count:a=1,decimals=1":    "no meaning",
		"r=ratio:a":                 "want METRIC/METRIC",
		"r=ratio:a/b,cap=3":         "cap has no meaning for a ratio",
		"r=ratio:a/b,decimals=3":    "decimals has no meaning for a ratio",
		"p=quantile:ms,covariate=x": "covariate has no meaning for a quantile",
		"p=quantile:ms,cap=3":       "cap has no meaning for a quantile",
		"p=quantile:":               "quantile: names no column",
		"spend=mean:x,covariate=":   "covariate names no column",
	} {
		_, err := parseMeasure(text)
		require.ErrorContains(t, err, want, text)
	}
}
