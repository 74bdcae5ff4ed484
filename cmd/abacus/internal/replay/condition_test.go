package replay

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCondition: the header is country,amount,day; a row is its three cells.
func TestCondition(t *testing.T) {
	for _, test := range []struct {
		text  string
		cells []string
		want  bool
	}{
		{"country=DE", []string{"DE", "1", ""}, true},
		{"country=DE", []string{"de", "1", ""}, false},
		{"country!=DE", []string{"FR", "1", ""}, true},
		{"country!=DE", []string{"", "1", ""}, true},
		{"country=", []string{"", "1", ""}, true},
		{"country=", []string{"DE", "1", ""}, false},
		{"country!=", []string{"DE", "1", ""}, true},
		{" country = DE ", []string{"DE", "1", ""}, true},
		{"country=DE|country=FR", []string{"FR", "1", ""}, true},
		{"country=DE|FR", []string{"FR", "1", ""}, true},
		{"country=DE|FR", []string{"IT", "1", ""}, false},
		{"country=DE|amount>5", []string{"IT", "6", ""}, true},
		{"country=DE|amount=", []string{"IT", "", ""}, true},
		{"country=a=b", []string{"a=b", "", ""}, true},
		{"amount<10", []string{"", "9.5", ""}, true},
		{"amount<10", []string{"", "10", ""}, false},
		{"amount<=10", []string{"", "10.0", ""}, true},
		{"amount>-1", []string{"", "-.5", ""}, true},
		{"amount>=1e3", []string{"", "1000", ""}, true},
		{"amount<10", []string{"", "", ""}, false},
		{"amount>=10", []string{"", "", ""}, false},
		{"day>=2020-07-05", []string{"", "", "7/5/2020"}, true},
		{"day>=2020-07-05", []string{"", "", "7/4/2020"}, false},
		{"day<7/5/2020", []string{"", "", "2020-07-04 23:59:59.999"}, true},
	} {
		c, err := parseCondition(test.text)
		require.NoError(t, err, test.text)
		require.NoError(t, c.bind(columns{"country", "amount", "day"}))
		got, err := c.match(test.cells)
		require.NoError(t, err, test.text)
		require.Equal(t, test.want, got, "%s on %q", test.text, test.cells)
	}
}

func TestConditionFaults(t *testing.T) {
	for text, want := range map[string]string{
		"country":      "no condition",
		"":             "no condition",
		"=DE":          "no condition",
		"a!=1|2":       "no condition",
		"a=1|":         "no condition",
		"amount<":      "neither",
		"amount>=many": "neither",
	} {
		_, err := parseCondition(text)
		require.ErrorContains(t, err, want, text)
	}
	c, err := parseCondition("amount>5")
	require.NoError(t, err)
	require.ErrorContains(t, c.bind(columns{"country"}), `no column "amount": the file has country`)
	require.ErrorContains(t, c.bind(columns{"amount", "amount"}), "two columns")
	require.NoError(t, c.bind(columns{"amount"}))
	_, err = c.match([]string{"many"})
	require.ErrorContains(t, err, `amount is "many"`)
}
