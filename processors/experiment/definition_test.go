package experiment_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/abacus-stream/abacus/processors/experiment"
)

const checkout = `
experiment: checkout-button
unit: user
variants: {treatment: 30, control: 70.5}
control: control
traffic: 0.25
start: 2026-11-20T00:00:00Z
end: 2026-12-20T00:00:00+01:00
multiple_variants: first
grace: 10s
dedup_for: 36h
metrics:
  - {name: purchase, kind: conversion, event: purchase, window: 7d, goal: increase, primary: true}
  - {name: revenue, kind: mean, event: purchase, window: unlimited, delay: 1h30m, decimals: 2, cap: 500.10, where: "currency=EUR"}
  - name: errors
    kind: count
    event: error
    goal: decrease
    guardrail: true
    on_harm: stop
    margin: 0.01
windows: [1s, 5s, 60s]
retention: {1s: 20m}
decision: {alpha: 0.01, planned_units: 20000, correction: holm}
`

func parse(t testing.TB, text string) *experiment.Definition {
	t.Helper()
	d, err := experiment.Parse([]byte(text))
	require.NoError(t, err)
	return d
}

func TestParseReadsEveryField(t *testing.T) {
	two, limit, share := 2, experiment.Amount("500.10"), 0.25
	start := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	d := parse(t, checkout)
	require.NoError(t, d.Validate())
	require.Equal(t, int64(1797721200000), d.End.UnixMilli())
	d.End = nil
	require.Equal(t, &experiment.Definition{
		Experiment: "checkout-button", Unit: "user", Control: "control", Traffic: &share, Start: &start,
		Variants:         experiment.Variants{{Name: "treatment", Weight: 30}, {Name: "control", Weight: 70.5}},
		MultipleVariants: "first", Grace: 10_000, DedupFor: 36 * 3_600_000,
		Metrics: []experiment.Metric{
			{Name: "purchase", Kind: "conversion", Event: "purchase", Window: 7 * 86_400_000, Goal: "increase", Primary: true},
			{Name: "revenue", Kind: "mean", Event: "purchase", Window: experiment.Unlimited, Delay: 5_400_000, Decimals: &two, Cap: &limit, Where: "currency=EUR"},
			{Name: "errors", Kind: "count", Event: "error", Goal: "decrease", Guardrail: true, OnHarm: "stop", Margin: .01},
		},
		Windows: []string{"1s", "5s", "60s"}, Retention: map[string]experiment.Duration{"1s": 1_200_000},
		Decision: experiment.Decision{Alpha: .01, PlannedUnits: 20000, Correction: "holm"},
	}, d)
}

func TestDefaults(t *testing.T) {
	d := parse(t, "{experiment: a, variants: {b: 1, c: 1}, control: b, metrics: [{name: m, kind: mean, event: e}, {name: n, kind: count, event: e}]}")
	require.NoError(t, d.Validate())
	require.Zero(t, d.Grace, "Validate fills in nothing")
	require.Zero(t, d.Metrics[0].Window)
	require.Equal(t, 6, d.Metrics[0].Scale())
	d.Defaults()
	six, all := 6, 1.0
	want := experiment.Definition{
		Experiment: "a", Unit: "user", Variants: experiment.Variants{{Name: "b", Weight: 1}, {Name: "c", Weight: 1}}, Control: "b", Traffic: &all,
		MultipleVariants: "exclude", Grace: 5_000, DedupFor: 86_400_000,
		Metrics: []experiment.Metric{
			{Name: "m", Kind: "mean", Event: "e", Window: 604_800_000, Goal: "increase", Decimals: &six},
			{Name: "n", Kind: "count", Event: "e", Window: 604_800_000, Goal: "increase"},
		},
		Windows: []string{"1s", "60s"}, Retention: map[string]experiment.Duration{"1s": 600_000, "5s": 3_600_000, "60s": 604_800_000, "sliding 60s": 600_000},
		Decision: experiment.Decision{Alpha: .05},
	}
	require.Equal(t, want, *d)
	d.Defaults()
	require.Equal(t, want, *d, "a second time changes nothing")
	require.Equal(t, 6, d.Metrics[0].Scale())
	require.Zero(t, d.Metrics[1].Scale())

	d = parse(t, "{experiment: a, metrics: [{name: m, kind: count, event: e, guardrail: true}, {name: n, kind: count, event: e, guardrail: true, window: 1h, on_harm: stop, margin: 0.2}]}")
	d.Defaults()
	require.Equal(t, experiment.Metric{Name: "m", Kind: "count", Event: "e", Window: 600_000, Goal: "increase", Guardrail: true, OnHarm: "alert", Margin: .01}, d.Metrics[0])
	require.Equal(t, experiment.Metric{Name: "n", Kind: "count", Event: "e", Window: 3_600_000, Goal: "increase", Guardrail: true, OnHarm: "stop", Margin: .2}, d.Metrics[1])

	d = parse(t, "{experiment: a, unit: event, windows: [], variants: {b: 1, c: 1}, control: b, retention: {5s: 1m}}")
	d.Defaults()
	require.Equal(t, "other", d.RandomisedBy)
	require.Empty(t, d.Windows, "none asked for is none given")
	require.Equal(t, experiment.Duration(60_000), d.Retention["5s"])
}

func TestDefinitionRoundTrips(t *testing.T) {
	d := parse(t, checkout)
	d.Defaults()
	text, err := json.Marshal(d)
	require.NoError(t, err)
	var back experiment.Definition
	require.NoError(t, json.Unmarshal(text, &back))
	again, err := json.Marshal(&back)
	require.NoError(t, err)
	require.Equal(t, string(text), string(again))
	require.Equal(t, d.Variants, back.Variants)
	require.Contains(t, string(text), `"variants":[{"name":"treatment","weight":30},{"name":"control","weight":70.5}]`)
	require.Contains(t, string(text), `"window":"unlimited","delay":"90m"`)
	require.Contains(t, string(text), `"cap":"500.10"`)

	text, err = yaml.Marshal(d)
	require.NoError(t, err)
	require.Contains(t, string(text), "variants: {treatment: 30, control: 70.5}")
	fromYAML := parse(t, string(text))
	require.True(t, fromYAML.End.Equal(*d.End))
	fromYAML.End = d.End
	require.Equal(t, d, fromYAML)
}

func TestParseNamesEveryFaultWithItsLine(t *testing.T) {
	_, err := experiment.Parse([]byte(`experiment: a
varaints: {b: 1}
traffic: much
variants: {b: x, c: 1, c: 2}
grace: 0s
dedup_for: 5
metrics:
  - {name: m, kindd: mean, window: 3 days}
  - {name: n, cap: 1_000, decimals: two}
windows: 1s
control: b
`))
	require.EqualError(t, err, "line 5: grace: 0 is not possible, want more, or no grace for the default\n"+
		"line 2: unknown field \"varaints\", did you mean variants?\n"+
		"line 3: traffic: value `much` has the wrong form, want a number\n"+
		"line 4: variants: weight of \"b\": \"x\" is no number\n"+
		"line 4: variants: \"c\" is given twice\n"+
		"line 6: dedup_for: duration \"5\": want a length of time such as 5s, 10m, 24h, 7d, or unlimited\n"+
		"line 8: unknown field \"kindd\", did you mean kind?\n"+
		"line 8: metrics.m.window: duration \"3 days\": want a length of time such as 5s, 10m, 24h, 7d, or unlimited\n"+
		"line 9: metrics.n.cap: \"1_000\": want a decimal number such as 500 or 12.50\n"+
		"line 9: metrics.n.decimals: value `two` has the wrong form, want a number\n"+
		"line 10: windows: value `1s` has the wrong form, want a list")

	_, err = experiment.Parse([]byte("experiment: a\nstart: soon\nend: [1]\n"))
	require.EqualError(t, err, "line 2: start: \"soon\" is no time, want one such as 2026-11-20T00:00:00Z\n"+
		"line 3: end: \"\" is no time, want one such as 2026-11-20T00:00:00Z")
}

func TestParseRefusesAFieldTwice(t *testing.T) {
	_, err := experiment.Parse([]byte("experiment: a\ncontrol: b\ncontrol: c\n"))
	require.EqualError(t, err, "line 3: field \"control\" is already given in line 2")
}

func TestParseAllReadsDocuments(t *testing.T) {
	all, err := experiment.ParseAll([]byte("---\nexperiment: a\n---\n# nothing\n---\nexperiment: b\n...\n"))
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "b", all[1].Experiment)

	_, err = experiment.ParseAll([]byte("experiment: a\nx: 1\n---\nexperiment: b\ny: 1\n"))
	require.EqualError(t, err, "line 2: unknown field \"x\"\nline 5: unknown field \"y\"")
	_, err = experiment.ParseAll([]byte("x: 1\n---\nexperiment: [\n"))
	require.ErrorContains(t, err, "line 1: unknown field \"x\"\nno YAML: yaml: line 3:")
	_, err = experiment.ParseAll([]byte("# nothing\n"))
	require.ErrorContains(t, err, "the document is empty")
	_, err = experiment.Parse([]byte("experiment: a\n---\nexperiment: b\n"))
	require.EqualError(t, err, "want one experiment, got 2 documents")
	_, err = experiment.Parse([]byte("- a\n"))
	require.ErrorContains(t, err, "want a map of fields")
}
