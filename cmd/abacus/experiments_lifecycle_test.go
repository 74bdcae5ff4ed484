package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
)

const guarded = `
experiment: button
variants: {control: 50, treatment: 50}
control: control
grace: 5s
metrics:
  - {name: purchase, kind: conversion, event: purchase, window: 1h}
  - {name: errors, kind: conversion, event: error, window: 1m, guardrail: true, on_harm: stop}
`

// write makes the file button.yaml with guarded after replacements.
func write(t *testing.T, oldnew ...string) {
	t.Helper()
	require.NoError(t, os.WriteFile("button.yaml", []byte(strings.NewReplacer(oldnew...).Replace(guarded)), 0o600))
}

// apart decodes a line of -o json.
func apart[T any](t *testing.T, text string) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &v), text)
	return v
}

func TestExperimentsDraftToArchive(t *testing.T) {
	t.Chdir(t.TempDir())
	brokers := registryFor(t)
	do := func(args ...string) ran { return experiments(t, "", append(args, brokers)...) }

	write(t, "grace: 5s", "grace: 9s\ndraft: true")
	require.Equal(t, "button: kept as a draft\n", do("apply", "-f", "button.yaml").out)
	require.Regexp(t, `button +draft +0 +- +- +- +control:50`, do("list").out)
	write(t)
	got := do("diff", "-f", "button.yaml")
	require.Equal(t, exitFailed, got.code, "something differs")
	require.Equal(t, "button: 1 difference, it is draft: apply takes it\n  grace  9s  ->  5s\n", got.out)

	got = do("apply", "-f", "button.yaml", "-o", "json")
	first := apart[applied](t, got.out)
	require.Equal(t, first.Effective+65_000, first.Earliest, "window and grace after the start")
	got = do("diff", "-f", "button.yaml")
	require.Equal(t, ran{code: exitOK, out: "button: no difference, it is running\n"}, got)
	require.Contains(t, do("apply", "-f", "button.yaml").out, "button: unchanged, run 1 version 1")

	require.Contains(t, do("archive", "button").err, "the experiment is running, stop it first")
	require.Contains(t, do("stop", "button").out, "button: stopped, run 1 version 2")
	require.Contains(t, do("stop", "button").out, "button: unchanged, run 1 version 2")
	require.Eventually(t, func() bool { return strings.HasPrefix(do("archive", "button").out, "button: archived") }, 20*time.Second, 100*time.Millisecond)
	require.NotContains(t, do("list").out, "button")
	require.Regexp(t, `button +archived +1 +2`, do("list", "--state", "archived").out)
	require.Equal(t, exitUsage, do("list", "--state", "gone").code)
	require.Contains(t, do("restart", "button").out, "button: applied, run 2 version 1, effective ")
	require.Regexp(t, `button: running, run 2\nrun 1: archived, 2 versions, from \S+ to \S+, replaced \S+\nrun 2:\n`, do("history", "button").out)
	require.Contains(t, do("history", "none").err, `there is no experiment "none"`)
	require.Equal(t, exitUsage, do("restart").code)
	require.Equal(t, exitUsage, do("restart", "button", "-f", "button.yaml").code)
}

func TestExperimentsDryRunsSendNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	brokers := registryFor(t)
	do := func(args ...string) ran { return experiments(t, "", append(args, brokers)...) }
	write(t)
	require.Contains(t, do("apply", "-f", "button.yaml", "--dry-run").out, "button: would be applied, run 1 version 1, effective ")
	require.Contains(t, do("list").out, "no experiments yet")
	require.Zero(t, do("apply", "-f", "button.yaml").code)
	before := do("show", "button").out

	write(t, "treatment: 50", "treatment: 10")
	require.Regexp(t, `^button: would be applied, run 1 version 2, effective \S+, no guardrail decision before \S+\n  variants.treatment  50  ->  10\n$`,
		do("apply", "-f", "button.yaml", "--dry-run").out)
	write(t, "treatment: 50", "treatment: 10", "window: 1h", "window: 2h", "grace: 5s", "grace: 6s")
	got := do("apply", "-f", "button.yaml", "--dry-run")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "button: would be refused")
	require.Equal(t, "button: would be refused: grace: cannot change from 5s to 6s while the experiment runs, restart begins a new run\n"+
		"  metrics.purchase.window: cannot change from 1h to 2h while the experiment runs, restart begins a new run\n"+
		"  grace                    5s  ->  6s  only by restart\n"+
		"  metrics.purchase.window  1h  ->  2h  only by restart\n"+
		"  variants.treatment       50  ->  10\n", got.out)
	require.Contains(t, do("diff", "-f", "button.yaml").out, "button: 3 differences, it is running: apply refuses it, restart begins a new run with it\n")

	restart := apart[applied](t, do("restart", "-f", "button.yaml", "--dry-run", "-o", "json").out)
	require.Equal(t, []any{2, int64(1), true, true}, []any{restart.Run, restart.Version, restart.Changed, restart.DryRun})
	layered := "experiment: %s\nvariants: {a: 1, b: 1}\ncontrol: a\nlayer: {name: page, to: 0.5}\nmetrics: [{name: m, kind: count, event: e}]\n"
	require.NoError(t, os.WriteFile("page.yaml", fmt.Appendf(nil, layered+"---\n"+layered, "one", "two"), 0o600))
	got = do("apply", "-f", "page.yaml", "--dry-run")
	require.Contains(t, got.out, "one: would be applied")
	require.Contains(t, got.out, "two: would be refused: layer: one has units of page [0, 0.5), take a part that is free, or stop it first")
	require.Contains(t, do("stop", "button", "--dry-run").out, "button: would be stopped, run 1 version 2")
	got = do("stop", "none", "--dry-run")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.out, "none: would be refused: there is no such experiment")
	require.Equal(t, before, do("show", "button").out, "nothing was sent")
}

func TestExperimentsHistoryTellsWhatStoppedIt(t *testing.T) {
	t.Chdir(t.TempDir())
	brokers := registryFor(t)
	do := func(args ...string) ran { return experiments(t, "", append(args, brokers)...) }
	write(t)
	require.Zero(t, do("apply", "-f", "button.yaml").code)
	write(t, "treatment: 50", "treatment: 10")
	require.Zero(t, do("apply", "-f", "button.yaml").code)

	r := &decision.Record{V: decision.Version, ID: decision.ID("button", 1, "errors", "treatment"), Experiment: "button", Run: 1,
		Action: decision.Stop, Metric: "errors", Variant: "treatment", ConfigVersion: 1, Pane: 1_790_000_060_000, Alpha: .005, Budget: .01, LogE: 5.5,
		E: result.Num(244.7), P: .0041, Margin: .01, Control: &decision.Arm{N: 1000, Sum: "15", Mean: result.Num(.015)},
		Treatment: &decision.Arm{N: 990, Sum: "50", Mean: result.Num(.05)}, Reason: "More errors than control."}
	data, err := decision.Codec.Append(nil, r)
	require.NoError(t, err)
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.TrimPrefix(brokers, "--brokers=")), kgo.DefaultProduceTopic("abacus.decisions"))
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Key: []byte("button"), Value: data}).FirstErr())
	require.Eventually(t, func() bool { return strings.Contains(do("list").out, "stopped") }, 20*time.Second, 50*time.Millisecond)

	text := do("history", "button").out
	require.Regexp(t, `(?m)^  1  +\S+Z  \S+Z  1  +control:50 treatment:50  +-  +apply-[0-9a-f]{16}$`, text)
	require.Regexp(t, `(?m)^  2  +\S+Z  \S+Z  1  +control:50 treatment:10  +variants.treatment  +apply-[0-9a-f]{16}$`, text)
	require.Regexp(t, `(?m)^  3  +\S+Z  \S+Z  1  +control:50 treatment:10  +end  +button\|1\|errors\|treatment$`, text)
	require.Regexp(t, `(?m)^decision button\|1\|errors\|treatment: stop at \S+Z, version 3 ends the run: More errors than control.\n`+
		`  second 2026-09-21T14:14:20.000Z, p 0.0041 at level 0.005 of a budget of 0.01, margin 0.01: 50 of 990 units against 15 of 1,000$`, text)
	require.Regexp(t, `button +stopped +1 +3 +\S+ +\S+Z by errors +control:50 treatment:10`, do("list").out)
	h := apart[past](t, do("history", "button", "-o", "json").out)
	require.Len(t, h.Versions, 3)
	require.Equal(t, *r, h.Decisions[0].Record)
	require.Equal(t, 10.0, h.Versions[1].Weights[1].Weight)
}

// TestDraftsHaveAListOfVersions: scripts find a list where there is none yet.
func TestDraftsHaveAListOfVersions(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, writeEntries(&b, jsonOutput, []*experiment.Entry{{Experiment: "button", State: experiment.Draft}}))
	require.Contains(t, b.String(), `"versions":[]`)
}

func TestEveryExperimentsVerbHasExamples(t *testing.T) {
	for _, verb := range newExperimentsCommand().Commands() {
		require.Contains(t, verb.Example, "abacus experiments "+verb.Name(), verb.Name())
		require.NotEmpty(t, verb.Short)
	}
}
