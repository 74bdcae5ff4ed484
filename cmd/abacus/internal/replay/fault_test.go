package replay

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/event"
)

const badRows = `user,arm,bought,spend,at
ann,new,yes,1,2020-01-01
,new,yes,1,2020-01-01
bob,,yes,1,2020-01-01
cid,old,perhaps,1,2020-01-01
dan,old,yes,"1,5",2020-01-01
eve,old,yes,1
fay,old,yes,1,soon
gus,old,yes,1,
hal,old,yes,1,1999-12-31
ida,old,yes,1,2099-01-01
jon,old/new,yes,1,2020-01-01
kim,old,yes,99999999999999999999,2020-01-01
leo,o"ld,yes,1,2020-01-01
mia,old,,,2020-01-01
,,,,
`

func TestBadRows(t *testing.T) {
	path := write(t, badRows)
	_, err := planOf(t, path, "shop", append(simple, "--time", "at")...)
	var bad *BadRowsError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, 13, bad.Count)
	text := err.Error()
	for _, want := range []string{
		"13 bad rows",
		"line 3: user (the unit) is blank",
		"line 4: arm (the variant) is blank",
		`line 5: bought: "perhaps" is neither true nor false`,
		`line 6: spend: "1,5" is not a number`,
		"line 7: 4 cells, the header has 5",
		`line 8: at: "soon" is no time`,
		"line 9: at (the time) is blank",
		`line 10: at: "1999-12-31" is before 2000-01-01`,
		`line 11: at: "2099-01-01" is in the future`,
		`line 12: arm: "old/new" is no name of a variant`,
		"and 3 more",
		"--skip-bad",
	} {
		require.Contains(t, text, want)
	}
	plan, err := planOf(t, path, "shop", append(simple, "--time", "at", "--skip-bad")...)
	require.NoError(t, err)
	require.Equal(t, []int{2, 13, 10}, []int{plan.Rows, plan.BadRows, len(plan.Bad)})
	require.Len(t, lines(t, plan), 4)
}

// TestBadRowsNotChosen: --where is asked first.
func TestBadRowsNotChosen(t *testing.T) {
	plan, err := planOf(t, write(t, "user,arm,bought,spend\nann,new,yes,1\nbob,old,perhaps,x\ncid,old,no,2\n"), "shop",
		append(simple, "--where", "bought!=perhaps")...)
	require.NoError(t, err)
	require.Equal(t, []int{2, 1, 0}, []int{plan.Rows, plan.Unchosen, plan.BadRows})
}

func TestNoRows(t *testing.T) {
	var bad *BadRowsError
	for name, args := range map[string][]string{
		"user,arm,bought,spend\n":                nil,
		"user,arm,bought,spend\n,,,\n":           {"--skip-bad"},
		"user,arm,bought,spend\nann,new,yes,1\n": {"--where", "arm=none"},
	} {
		_, err := planOf(t, write(t, name), "shop", append(simple, args...)...)
		require.ErrorAs(t, err, &bad, name)
	}
}

func TestUsageFaults(t *testing.T) {
	path := write(t, simpleRows)
	with := func(args ...string) []string { return append(append([]string{}, simple...), args...) }
	for _, test := range []struct {
		name string
		args []string
		flag string
		want string
	}{
		{"shop", nil, "unit", "missing"},
		{"", simple, "experiment", "missing"},
		{"My Shop", simple, "experiment", "no name of an experiment"},
		{"shop", simple[:6], "metric", "missing"},
		{"shop", with("--unit", "uid"), "unit", `no column "uid": the file has user, arm, bought, spend`},
		{"shop", with("--variant", "group"), "variant", "no column"},
		{"shop", with("--time", "at"), "time", "no column"},
		{"shop", with("--exclude-conflicts", "who"), "exclude-conflicts", "no column"},
		{"shop", with("--control", "neu"), "control", `there are "new", "old"`},
		{"shop", with("--where", "arm=old"), "variant", "nothing to compare"},
		{"shop", with("--where", "arm"), "where", "no condition"},
		{"shop", with("--where", "age>5"), "where", "no column"},
		{"shop", with("--exposure", "view"), "exposure", "no condition"},
		{"shop", with("--exposure", "action=view"), "exposure", "no column"},
		{"shop", with("--metric", "spend=mean:spend"), "metric", "given twice"},
		{"shop", with("--metric", "x=mean:price"), "metric", "no column"},
		{"shop", with("--metric", "x=count:price>5"), "metric", "no column"},
		{"shop", with("--weight", "new"), "weight", "want VARIANT=weight"},
		{"shop", with("--weight", "new=0"), "weight", "positive"},
		{"shop", with("--weight", "newer=1"), "weight", "no row has the variant"},
		{"shop", with("--grace", "-1s"), "grace", "negative"},
		{"shop", with("--exposure", "arm=never"), "exposure", "no row is an exposure"},
	} {
		_, err := planOf(t, path, test.name, test.args...)
		var usage *UsageError
		require.ErrorAs(t, err, &usage, "%v", test.args)
		require.Equal(t, test.flag, usage.Flag, "%v", test.args)
		require.ErrorContains(t, err, test.want, "%v", test.args)
	}
}

func TestWrongVariantColumn(t *testing.T) {
	var text strings.Builder
	text.WriteString("user,arm,bought,spend\n")
	for i := range 200 {
		text.WriteString(strings.Repeat("x", i%40+1) + strings.Repeat("y", i/40+1) + ",old,1,1\n")
	}
	_, err := planOf(t, write(t, strings.ReplaceAll(text.String(), strings.Repeat("x", 40), "x")), "shop",
		append(simple, "--variant", "user", "--unit", "arm", "--skip-bad")...)
	require.ErrorContains(t, err, "is it the variant?")
}

func TestFiles(t *testing.T) {
	_, err := planOf(t, "/no/such/file.csv", "shop", simple...)
	require.ErrorIs(t, err, fs.ErrNotExist)
	for text, want := range map[string]string{
		"": "empty", "\xff\xfeu\x00": "UTF-16", "\x1f\x8bnot gzip at all": "gzip", "user,arm\xff\n": "not UTF-8",
		"user;arm;bought\nann;new;yes\n": `separated by ";": want commas`, "user \"arm\",x\n": "the header is not CSV",
	} {
		_, err = planOf(t, write(t, text), "shop", simple...)
		require.ErrorContains(t, err, want)
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err = w.Write([]byte(simpleRows))
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	_, err = planOf(t, write(t, zipped.String()), "shop", simple...)
	require.ErrorContains(t, err, "the compressed file ends too early")
	_, err = planOf(t, t.TempDir(), "shop", simple...)
	require.ErrorContains(t, err, "is a folder")
}

// TestChangedFile: what was not surveyed is not fed.
func TestChangedFile(t *testing.T) {
	path := write(t, simpleRows)
	plan, err := planOf(t, path, "shop", simple...)
	require.NoError(t, err)
	for _, text := range []string{simpleRows + "dan,third,yes,1\n", simpleRows + "dan,new,yes,1\n", simpleRows + "dan,new,maybe,1\n"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		err = plan.Events(func(*event.Event) error { return nil })
		require.ErrorContains(t, err, "changed since")
	}
}

func TestYieldError(t *testing.T) {
	plan, err := planOf(t, write(t, simpleRows), "shop", simple...)
	require.NoError(t, err)
	fed := 0
	err = plan.Events(func(*event.Event) error {
		if fed++; fed == 2 {
			return fs.ErrClosed
		}
		return nil
	})
	require.ErrorIs(t, err, fs.ErrClosed)
	require.Equal(t, 2, fed)
}
