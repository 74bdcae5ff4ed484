package main

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

// knownThen is what verify --at says with -o json.
type knownThen struct {
	totals []*result.Record
	verdictThen
}

type verdictThen struct {
	At          string `json:"at"`
	Records     int    `json:"records"`
	Compared    int    `json:"compared"`
	InFlight    int    `json:"in_flight"`
	Gone        int    `json:"no_longer_retained"`
	Differences int    `json:"differences"`

	Decisions []*decision.Record `json:"decisions"`
}

// knownAt asks what was known at a time in Unix ms.
func (i *installation) knownAt(at int64) (a knownThen, code int) {
	i.t.Helper()
	got := i.do("verify", "--settle", "0s", "-o", "json", "--at", strconv.FormatInt(at, 10))
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	require.NotEmpty(i.t, lines, got.err)
	for _, line := range lines[:len(lines)-1] {
		var total *result.Record
		require.NoError(i.t, result.Codec.Parse([]byte(line), &total))
		a.totals = append(a.totals, total)
	}
	require.NoError(i.t, json.Unmarshal([]byte(lines[len(lines)-1]), &a.verdictThen), got.out)
	return a, got.code
}

// now is a time in Unix ms that is over: what comes next is appended after it.
func (i *installation) now() int64 {
	i.t.Helper()
	at := time.Now().UnixMilli()
	require.Eventually(i.t, func() bool { return time.Now().UnixMilli() > at+1 }, time.Second, time.Millisecond)
	return at
}

// figures is what a total counts: units and sums. What has matured also depends on the wall clock.
func figures(totals []*result.Record) map[string]any {
	all := map[string]any{}
	for _, r := range totals {
		all[r.Experiment], all[r.Experiment+" version"] = r.Units, r.ConfigVersion
		for name, m := range r.Metrics {
			for variant, v := range m.Variants {
				all[r.Experiment+" "+name+" "+variant] = v.Sum
			}
		}
	}
	return all
}

// published are the totals that the stats topic ends with.
func (i *installation) published() (totals []*result.Record) {
	i.t.Helper()
	for line := range strings.Lines(i.must("tail", "--once", "-o", "json")) {
		var rec *result.Record
		require.NoError(i.t, result.Codec.Parse([]byte(strings.TrimSpace(line)), &rec))
		totals = append(totals, rec)
	}
	return totals
}

// TestVerifyAt: between two batches it tells what the first had come to, whatever came after: events, a new version, a forged
// record. Before the first event nothing was known.
func TestVerifyAt(t *testing.T) {
	i := install(t)
	processor := i.start("run", "--mirror")
	processor.says("app started")
	before := i.now()
	i.load("--seed", "3", "--experiments", "2")
	i.must("verify")
	first, between := i.published(), i.now()

	i.produce(i.forged())
	forged := i.now()
	i.reweigh("checkout-button")
	i.load("--seed", "4", "--experiments", "3")
	i.must("verify")
	require.NotEqual(t, figures(first), figures(i.published()))

	got, code := i.knownAt(before)
	require.Equal(t, exitOK, code)
	require.Empty(t, got.totals)
	require.Zero(t, got.Records+got.Compared+got.InFlight+got.Gone, "%+v", got.verdictThen)
	require.Contains(t, i.must("verify", "--at", time.UnixMilli(before).UTC().Format(time.RFC3339Nano)), "nothing was counted by ")

	got, code = i.knownAt(between)
	require.Equal(t, exitOK, code)
	require.Equal(t, figures(first), figures(got.totals))
	require.Equal(t, time.UnixMilli(between).UTC().Format("2006-01-02T15:04:05.000Z"), got.At)
	require.Greater(t, got.Compared, 2, "totals and windows")
	require.Zero(t, got.InFlight+got.Gone)

	got, code = i.knownAt(forged)
	require.Equal(t, exitFailed, code)
	require.Equal(t, figures(first), figures(got.totals), "the log is what counts")
	require.Positive(t, got.Differences)
	text := i.do("verify", "--settle", "0s", "--at", strconv.FormatInt(forged, 10)).out
	require.Regexp(t, `(?m)^checkout-button\|total units.control: the log says \d+, found 1$`, text)
	require.Regexp(t, `(?m)^verified at \S+Z: \d+ records, \d+ compared, 0 in flight, 0 no longer retained, \d+ differences?$`, text)

	for at := before; at < between; at += (between - before) / 8 {
		got, code = i.knownAt(at)
		require.Equal(t, exitOK, code, "while events come some keys are in flight, none is wrong: %+v", got.verdictThen)
	}

	latest := i.must("verify", "--at", "0s")
	require.Contains(t, latest, "checkout-button")
	require.Contains(t, latest, ", 0 differences\n")
	i.invent()
	processor.end()
	i.forget(between, first)
}

// forged is the last total of an experiment with a figure that is not true.
func (i *installation) forged() *kgo.Record {
	i.t.Helper()
	var total map[string]any
	require.NoError(i.t, json.Unmarshal([]byte(i.must("tail", "--once", "checkout-button", "-o", "json")), &total))
	total["units"].(map[string]any)["control"] = 1
	value, err := json.Marshal(total)
	require.NoError(i.t, err)
	return &kgo.Record{Topic: "abacus.stats", Key: []byte("checkout-button|total"), Value: value}
}

// invent publishes a decision that nothing led to: verify finds it, at a time, too.
func (i *installation) invent() {
	t := i.t
	t.Helper()
	before := i.now()
	invented := &decision.Record{V: decision.Version, ID: decision.ID("signup-copy", 1, "purchase", "treatment"), Experiment: "signup-copy", Run: 1,
		Action: decision.Alert, Metric: "purchase", Variant: "treatment", E: result.Null, Reason: "Nobody knows."}
	value, err := decision.Codec.Append(nil, invented)
	require.NoError(t, err)
	require.NoError(t, i.Client.ProduceSync(context.Background(), &kgo.Record{Topic: "abacus.decisions", Key: []byte("signup-copy"), Value: value}).FirstErr())
	for at, want := range map[int64]int{before: 0, i.now(): 1} {
		got, code := i.knownAt(at)
		require.Equal(t, []int{want, want, want}, []int{code, got.Differences, len(got.Decisions)}, "%+v", got.verdictThen)
	}
	require.Contains(t, i.do("verify", "--settle", "0s", "--at", "0s").out, "decision signup-copy|1|purchase|treatment : the log says nothing, found {")
}

// reweigh gives an experiment a second version.
func (i *installation) reweigh(name string) {
	i.t.Helper()
	var entry experiment.Entry
	require.NoError(i.t, json.Unmarshal([]byte(i.must("experiments", "show", name)), &entry))
	d := entry.Latest().Definition
	d.Variants[0].Weight *= 3
	entries, err := registry.Apply(context.Background(), registry.Config{Brokers: i.Brokers}, &d)
	require.NoError(i.t, err)
	require.Len(i.t, entries[0].Versions, 2)
}

// forget takes away what the logs had of a time, with all that says the same as the totals of then, as compaction does, and wants
// verify to say so.
func (i *installation) forget(at int64, totals []*result.Record) {
	t := i.t
	t.Helper()
	reader, err := logs.Open(i.Brokers...)
	require.NoError(t, err)
	defer reader.Close()
	same := kadm.Offsets{}
	require.NoError(t, reader.Read(context.Background(), "abacus.stats", func(rec *kgo.Record) {
		for _, then := range totals {
			if r := totalOf(rec); r != nil && r.Segment == "" && r.Experiment == then.Experiment && maps.Equal(r.Units, then.Units) {
				same.AddOffset(rec.Topic, rec.Partition, rec.Offset+1, -1)
			}
		}
	}))
	_, err = kadm.NewClient(i.Client).DeleteRecords(context.Background(), same)
	require.NoError(t, err)
	got, code := i.knownAt(at)
	require.Equal(t, exitOK, code)
	require.Zero(t, got.Differences+got.InFlight)
	require.GreaterOrEqual(t, got.Gone, 2, "the totals of that time")
	require.Len(t, got.totals, 2, "are recomputed all the same")
}

// TestVerifyAtRefuses times that nobody can mean.
func TestVerifyAtRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	for at, want := range map[string]string{
		"yesterday":            `--at "yesterday": want a time such as`,
		"2026-11-20":           "want a time such as",
		"-5m":                  "want a time such as",
		"unlimited":            "want a time such as",
		"2999-01-01T00:00:00Z": "is in the future",
		"32503680000000":       "is in the future",
		"1790000000":           "a number is in Unix ms",
	} {
		got := run(t, newRootCommand(), "verify", "--at="+at)
		require.Equal(t, exitUsage, got.code, at)
		require.Contains(t, got.err, want)
	}
}

func TestTimesOfAt(t *testing.T) {
	present := time.UnixMilli(1_790_000_000_000)
	for text, want := range map[string]int64{
		"":                               0,
		"1789999999999":                  1_789_999_999_999,
		"10m":                            1_790_000_000_000 - 600_000,
		"1h30m":                          1_790_000_000_000 - 5_400_000,
		"0s":                             1_790_000_000_000,
		"2026-09-21T14:13:20.5+02:00":    1_789_992_800_500,
		"2026-09-21T12:13:20.123999999Z": 1_789_992_800_123,
	} {
		at, err := parseTime("--at", text, present)
		require.NoError(t, err, text)
		require.Equal(t, want, at, text)
	}
}
