package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

const twoExperiments = `
experiment: button
variants: {control: 50, treatment: 50}
control: control
metrics: [{name: purchase, kind: conversion, event: purchase}]
---
experiment: banner
variants: {a: 1, b: 1}
control: a
metrics: [{name: revenue, kind: mean, event: purchase, decimals: 2}]
`

// experiments runs the command with a standard input.
func experiments(t *testing.T, in string, args ...string) ran {
	t.Helper()
	root := newRootCommand()
	root.AddCommand(newExperimentsCommand())
	var out, errs bytes.Buffer
	code := execute(context.Background(), root, append([]string{"experiments"}, args...), streams{strings.NewReader(in), &out, &errs})
	return ran{code, out.String(), errs.String()}
}

// registryFor hosts a registry on a broker of its own; it returns the flag that names the broker.
func registryFor(t *testing.T) string {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- registry.Run(ctx, registry.Config{Brokers: cluster.ListenAddrs()}) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
		cluster.Close()
	})
	return "--brokers=" + strings.Join(cluster.ListenAddrs(), ",")
}

func TestExperimentsApplyAndList(t *testing.T) {
	t.Chdir(t.TempDir())
	brokers := registryFor(t)
	require.Contains(t, experiments(t, "", "list", brokers).out, "no experiments yet")

	got := experiments(t, twoExperiments, "apply", "-f", "-", brokers)
	require.Zero(t, got.code, got.err)
	require.Regexp(t, `^button: applied, run 1 version 1, effective \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\nbanner: applied, run 1 version 1, `, got.out)
	require.Contains(t, experiments(t, twoExperiments, "apply", "-f", "-", brokers).out, "button: unchanged, run 1 version 1")

	slow := strings.ReplaceAll(twoExperiments, "experiment: button", "experiment: button\ngrace: 720h")
	require.Contains(t, experiments(t, slow, "apply", "-f", "-", "--dry-run", brokers).err, "button: grace 30d: until it is archived, units of all experiments here")

	moved := strings.ReplaceAll(twoExperiments, "control: 50", "control: 10")
	got = experiments(t, moved, "apply", "-f", "-", brokers, "-o", "json")
	var line applied
	require.NoError(t, json.Unmarshal([]byte(strings.SplitN(got.out, "\n", 2)[0]), &line))
	require.Equal(t, "button", line.Experiment)
	require.Equal(t, int64(2), line.Version)
	require.True(t, line.Changed)
	require.GreaterOrEqual(t, line.Effective, line.Accepted+2000)

	got = experiments(t, strings.ReplaceAll(moved, "decimals: 2", "decimals: 3"), "apply", "-f", "-", brokers)
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.out, "button: unchanged")
	require.Contains(t, got.err, "banner: refused: metrics.revenue.decimals: cannot change from 2 to 3")
	require.Contains(t, experiments(t, strings.ReplaceAll(moved, "decimals: 2", "decimals: 3"), "restart", "-f", "-", brokers).out, "banner: applied, run 2 version 1")

	require.Contains(t, experiments(t, "", "stop", "button", brokers).out, "button: stopped, run 2 version 2")
	got = experiments(t, "", "list", brokers)
	require.Regexp(t, `(?s)EXPERIMENT +STATE +RUN.*banner +running +2 +1 +\S+ +- +a:1 b:1 +revenue.*button +stopped +2 +2`, got.out)
	got = experiments(t, "", "list", brokers, "-o", "json")
	require.Len(t, strings.Split(strings.TrimSpace(got.out), "\n"), 2)
	var entry experiment.Entry
	got = experiments(t, "", "show", "button", brokers)
	require.NoError(t, json.Unmarshal([]byte(got.out), &entry))
	require.Equal(t, experiment.Stopped, entry.State)
	require.Contains(t, experiments(t, "", "show", "none", brokers).err, `there is no experiment "none"`)
}

func TestExperimentsReportEveryFaultAtOnce(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("bad.yaml", []byte(strings.ReplaceAll(twoExperiments, "control: control", "control: off\ntraffic: 3")), 0o600))
	require.NoError(t, os.WriteFile("worse.yaml", []byte("experiment: x\nvaraints: {}\ntraffic: much\n"), 0o600))
	require.NoError(t, os.WriteFile("again.yaml", []byte(twoExperiments), 0o600))
	got := experiments(t, "", "apply", "-f", "bad.yaml", "-f", "worse.yaml", "-f", "none.yaml", "-f", "again.yaml", "--brokers=127.0.0.1:1")
	require.Equal(t, exitFailed, got.code)
	for _, fault := range []string{
		"bad.yaml: line 5: traffic: 3 is no share", `bad.yaml: line 4: control: "off" is none of the variants`,
		`worse.yaml: line 2: unknown field "varaints", did you mean variants?`, "worse.yaml: line 3: traffic: value `much` has the wrong form",
		"none.yaml: no such file or directory", "again.yaml: experiment banner is in bad.yaml already",
	} {
		require.Contains(t, got.err, fault)
	}

	got = experiments(t, "", "check", "-f", "worse.yaml", "-o", "json")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.out, `{"faults":["worse.yaml: line `)

	got = experiments(t, twoExperiments, "check", "-f", "-", "--brokers=127.0.0.1:1")
	require.Equal(t, "button: ok, variants control:50 treatment:50, metrics purchase\nbanner: ok, variants a:1 b:1, metrics revenue\n", got.out)
	require.Contains(t, experiments(t, twoExperiments, "check", "-f", "-", "-o", "json").out, `"grace":"5s"`)
}

func TestExperimentsExitCodes(t *testing.T) {
	t.Chdir(t.TempDir())
	got := experiments(t, "", "apply")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.err, "-f is missing")
	require.Equal(t, exitUsage, experiments(t, "", "list", "extra").code)
	got = experiments(t, "", "list", "--brokers=127.0.0.1:1")
	require.Equal(t, exitUnreachable, got.code)
	require.Contains(t, got.err, "no broker answers at 127.0.0.1:1")

	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	got = experiments(t, twoExperiments, "apply", "-f", "-", "--timeout", "1s", "--brokers", cluster.ListenAddrs()[0])
	require.Equal(t, exitUnreachable, got.code)
	require.Contains(t, got.err, "topic abacus.registry-table does not exist: start `abacus run`")
	require.Contains(t, experiments(t, "", "--help").out, "abacus experiments apply -f checkout-button.yaml")
}
