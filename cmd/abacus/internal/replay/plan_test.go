package replay

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// write puts text into a file of the test.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.csv")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// lines returns the events of a plan, one JSON object each.
func lines(t *testing.T, plan *Plan) []string {
	t.Helper()
	var all []string
	require.NoError(t, plan.Events(func(ev *event.Event) error {
		all = append(all, string(event.Append(nil, ev)))
		return nil
	}))
	return all
}

var simple = []string{"--unit", "user", "--variant", "arm", "--control", "old", "--metric", "spend=mean:spend", "--metric", "buy=conversion:bought"}

const simpleRows = `user,arm,bought,spend
ann,new,yes,12.5
bob,old,no,
cid,old,1,0.125
`

func TestEventsOfRows(t *testing.T) {
	plan, err := planOf(t, write(t, simpleRows), "shop", simple...)
	require.NoError(t, err)
	require.Equal(t, 3, plan.Rows)
	got := lines(t, plan)
	id := func(line string) string { return line[7 : 7+idDigits] }
	want := []string{
		`{"id":"1","type":"exposure","unit":"ann","experiment":"shop","variant":"new","ts":946684800000}`,
		`{"id":"1.spend","type":"spend","unit":"ann","value":12.5,"ts":946684800000}`,
		`{"id":"1.buy","type":"buy","unit":"ann","ts":946684800000}`,
		`{"id":"4","type":"exposure","unit":"bob","experiment":"shop","variant":"old","ts":946684800001}`,
		`{"id":"5","type":"exposure","unit":"cid","experiment":"shop","variant":"old","ts":946684800002}`,
		`{"id":"5.spend","type":"spend","unit":"cid","value":0.125,"ts":946684800002}`,
		`{"id":"5.buy","type":"buy","unit":"cid","ts":946684800002}`,
	}
	require.Len(t, got, len(want))
	for i, line := range got {
		number := want[i][7:8]
		require.Equal(t, want[i], strings.Replace(line, id(line), number, 1))
	}
	require.Equal(t, id(got[0]), id(got[1]))
	require.NotEqual(t, id(got[0]), id(got[3]))
	require.Equal(t, got, lines(t, plan), "a second reading is the same")
}

func TestDefinition(t *testing.T) {
	plan, err := planOf(t, write(t, simpleRows), "shop", append(simple, "--weight", "new=2", "--grace", "1m")...)
	require.NoError(t, err)
	def := plan.Definition
	require.Equal(t, experiment.Variants{{Name: "old", Weight: 1}, {Name: "new", Weight: 2}}, def.Variants, "control first")
	require.Equal(t, experiment.Duration(60_000), def.Grace)
	require.Equal(t, experiment.Unlimited, def.DedupFor)
	require.Equal(t, int64(firstTime), def.Start.UnixMilli())
	require.Equal(t, "spend", def.Metrics[0].Event)
	require.Equal(t, 3, *def.Metrics[0].Decimals)
	require.Equal(t, experiment.Unlimited, def.Metrics[1].Window)
	require.Nil(t, def.Metrics[1].Decimals)
}

// TestForms: gzip, BOM, CRLF, white space and quotes change nothing.
func TestForms(t *testing.T) {
	plan, err := planOf(t, write(t, simpleRows), "shop", simple...)
	require.NoError(t, err)
	want := lines(t, plan)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write([]byte("\ufeff" + strings.ReplaceAll(simpleRows, "\n", "\r\n")))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for name, text := range map[string]string{
		"crlf":       strings.ReplaceAll(simpleRows, "\n", "\r\n"),
		"bom":        "\ufeff" + simpleRows,
		"quoted":     "\ufeff\"user\",arm,\"bought\",spend\n\"ann\",\"new\",yes,\"12.5\"\nbob,old,no,\"\"\ncid,old,1,0.125",
		"blanks":     " user ,arm, bought,spend\n ann, new ,yes ,12.5\n\nbob,old,no,  \ncid,old,1,0.125\n",
		"compressed": packed.String(),
	} {
		plan, err := planOf(t, write(t, text), "shop", simple...)
		require.NoError(t, err, name)
		require.Equal(t, want, lines(t, plan), name)
	}
}

// TestIdentity: shuffled rows keep their ids, equal rows have their own, another run or experiment others.
func TestIdentity(t *testing.T) {
	args := []string{"--unit", "#row", "--variant", "arm", "--control", "a", "--metric", "v=mean:v"}
	ids := func(name string, run int, text string) map[string]bool {
		plan, err := planOf(t, write(t, text), name, args...)
		require.NoError(t, err)
		plan.Run = run
		found := map[string]bool{}
		require.NoError(t, plan.Events(func(ev *event.Event) error {
			found[string(ev.ID)] = true
			if ev.Exposure() {
				require.Equal(t, ev.ID, ev.Unit)
			}
			return nil
		}))
		return found
	}
	rows := ids("e", 1, "arm,v\na,1\na,1\nb,2\na,1\n")
	require.Len(t, rows, 8)
	require.Equal(t, rows, ids("e", 1, "arm,v\nb,2\na,1\na,1\na,1\n"))
	for id := range ids("e", 2, "arm,v\na,1\nb,2\n") {
		require.NotContains(t, rows, id)
	}
	for id := range ids("f", 1, "arm,v\na,1\nb,2\n") {
		require.NotContains(t, rows, id)
	}
}

func TestLongMetricNames(t *testing.T) {
	long := strings.Repeat("long-name-", 6)
	plan, err := planOf(t, write(t, "u,arm,v\n1,a,1\n2,b,2\n"), "e", "--unit", "u", "--variant", "arm", "--control", "a",
		"--metric", long+"1=mean:v", "--metric", long+"2=mean:v", "--metric", "short=mean:v")
	require.NoError(t, err)
	seen := map[string]bool{}
	require.NoError(t, plan.Events(func(ev *event.Event) error {
		require.LessOrEqual(t, len(ev.ID), maxID)
		require.False(t, seen[string(ev.ID)])
		seen[string(ev.ID)] = true
		return nil
	}))
	require.Len(t, seen, 8)
}

// TestExposureRows: with --exposure only its rows expose, and every row carries its metrics.
func TestExposureRows(t *testing.T) {
	plan, err := planOf(t, write(t, "id,arm,action,ms,at\n1,a,view,10,2020-01-01 00:00:00\n1,a,click,,2020-01-01 00:00:09\n2,b,view,20,2020-01-01 00:00:05\n"),
		"page", "--unit", "id", "--variant", "arm", "--control", "a", "--time", "at", "--exposure", "action=view",
		"--metric", "click=conversion:action=click", "--metric", "ms=mean:ms?action=view", "--metric", "n=count:ms<15")
	require.NoError(t, err)
	var kinds []string
	require.NoError(t, plan.Events(func(ev *event.Event) error {
		kinds = append(kinds, string(ev.Unit)+" "+string(ev.Type))
		return nil
	}))
	require.Equal(t, []string{"1 exposure", "1 ms", "1 n", "1 click", "2 exposure", "2 ms"}, kinds)
	require.Equal(t, 4*time.Second, plan.Lateness)
	require.Equal(t, experiment.Duration(9000), plan.Definition.Grace)
	require.Equal(t, plan.First+9000, plan.Last)
}

func TestExcludeConflicts(t *testing.T) {
	plan, err := planOf(t, write(t, "who,arm,v\nx,a,1\ny,a,2\nx,b,3\nz,b,4\n,b,5\n"), "e", "--unit", "#row",
		"--variant", "arm", "--control", "a", "--exclude-conflicts", "who", "--metric", "v=mean:v")
	require.NoError(t, err)
	require.Equal(t, []int{3, 2, 1}, []int{plan.Rows, plan.Conflicting, plan.Conflicts})
	counted := newTally(t, plan)
	counted.feed(plan)
	n, _, mean, _ := counted.moments("v", "b")
	require.Equal(t, int64(2), n)
	require.Equal(t, 4.5, mean)
}
