package replay

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
)

const withCountry = `user,arm,bought,spend,Home Country,age
ann,new,yes,12.5,DE,
bob,old,no,,FR,30
cid,old,1,0.125,DE,31
dan,new,no,1,other,30
`

func TestSegmentsOfAFile(t *testing.T) {
	plan, err := planOf(t, write(t, withCountry), "shop", append(simple, "--segment", "Home Country", "--segment", "age=30,99")...)
	require.NoError(t, err)
	require.NoError(t, plan.Definition.Validate())
	require.Equal(t, []experiment.Dimension{
		{Name: "home_country", Prop: "Home Country", Values: []string{"DE", "FR"}}, {Name: "age", Prop: "age", Values: []string{"30", "99"}},
	}, plan.Definition.Segments)
	var exposures []string
	for _, line := range lines(t, plan) {
		if strings.Contains(line, `"type":"exposure"`) {
			exposures = append(exposures, line[strings.Index(line, `"ts":`)+len(`"ts":946684800000`):])
		} else {
			require.NotContains(t, line, "props")
		}
	}
	require.Equal(t, []string{
		`,"props":{"Home Country":"DE"}}`, `,"props":{"Home Country":"FR","age":"30"}}`,
		`,"props":{"Home Country":"DE","age":"31"}}`, `,"props":{"Home Country":"other","age":"30"}}`,
	}, exposures)
}

// The commonest values, whatever the order of the rows.
func TestSegmentsAreTheCommonestValues(t *testing.T) {
	var rows []string
	for i := range 60 {
		for range 1 + i%7 {
			rows = append(rows, fmt.Sprintf("u%d,%s,v%02d", len(rows), []string{"old", "new"}[len(rows)%2], i))
		}
	}
	read := func(rows []string) []string {
		text := "user,arm,page\n" + strings.Join(rows, "\n") + "\n"
		plan, err := planOf(t, write(t, text), "shop", "--unit", "user", "--variant", "arm", "--control", "old", "--metric", "n=count:page!=", "--segment", "page")
		require.NoError(t, err)
		return plan.Definition.Segments[0].Values
	}
	values := read(rows)
	require.Len(t, values, 50)
	require.NotContains(t, values, "v56", "one of the rarest, and the last by name")
	require.Contains(t, values, "v06")
	backwards := append([]string{}, rows...)
	for i := range rows {
		backwards[len(rows)-1-i] = rows[i]
	}
	require.Equal(t, values, read(backwards))
}

func TestFaultsOfSegments(t *testing.T) {
	for flag, fault := range map[string]string{
		"":                               "want COL or COL=value,value",
		"=DE":                            "want COL or COL=value,value",
		"country=DE":                     `no column "country"`,
		"age=":                           "want COL=value,value",
		"age=30,30":                      `"30" is given twice`,
		"age=other":                      `"other" is no value that can be listed`,
		"age=" + longList(51):            "51 values, want at most 50",
		`age="30`:                        "want COL=value,value",
		"age=" + strings.Repeat("x", 65): "is no value that can be listed",
	} {
		_, err := planOf(t, write(t, withCountry), "shop", append(simple, "--segment", flag)...)
		var usage *UsageError
		require.ErrorAs(t, err, &usage, flag)
		require.Equal(t, "segment", usage.Flag)
		require.Contains(t, usage.Reason, fault)
	}
	_, err := planOf(t, write(t, withCountry), "shop", append(simple, "--segment", "age", "--segment", "age=30")...)
	require.ErrorContains(t, err, "age is given twice")
	_, err = planOf(t, write(t, "user,arm,bought,spend,c\na,old,1,1,\nb,new,1,1,other\n"), "shop", append(simple, "--segment", "c")...)
	require.ErrorContains(t, err, "c has no value that could be listed")
	text := strings.Builder{}
	text.WriteString("user,arm,bought,spend,c\n")
	for i := range mostFound + 1 {
		fmt.Fprintf(&text, "u%d,old,1,1,%d\n", i, i)
	}
	_, err = planOf(t, write(t, text.String()), "shop", append(simple, "--segment", "c")...)
	require.ErrorContains(t, err, "c has more than 10000 different values: name those to look at")
}

func longList(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(i))
	}
	return strings.Join(all, ",")
}
