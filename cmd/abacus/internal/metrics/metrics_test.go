package metrics

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/worker"
)

// shown are the samples of our own metrics, as name{label=value ...}.
func shown(t *testing.T, m *Metrics) map[string]float64 {
	t.Helper()
	families, err := m.Gather()
	require.NoError(t, err)
	all := map[string]float64{}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "abacus_") {
			continue
		}
		for _, s := range f.GetMetric() {
			var labels []string
			for _, l := range s.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			all[fmt.Sprintf("%s{%s}", f.GetName(), strings.Join(labels, " "))] = value(s)
		}
	}
	return all
}

func value(s *dto.Metric) float64 {
	switch {
	case s.Counter != nil:
		return s.Counter.GetValue()
	case s.Gauge != nil:
		return s.Gauge.GetValue()
	}
	return float64(s.Histogram.GetSampleCount())
}

var taskOf = topology.TaskID{Sub: 1, Partition: 2}

// reported is a report of a worker with one task.
func reported() worker.Report {
	return worker.Report{Worker: "w-0", Rebalances: 3, DiskBytes: 4096, HeldBack: []string{"events"}, Restoring: []topology.TaskID{{Sub: 0, Partition: 1}}, Running: []worker.TaskReport{{
		ID: taskOf, Sub: "cells", StreamTime: 1_790_000_000_500, Watermark: math.MinInt64, Held: true, HeldBy: topology.TaskID{Partition: 3},
		Inputs: []worker.InputReport{{Topic: "deltas", Position: 70, Queued: 5}}, Cache: state.Stats{Hits: 9, Misses: 2, Bytes: 1000},
	}}, Standbys: []worker.StandbyReport{{ID: topology.TaskID{Sub: 1, Partition: 0}, Sub: "cells", Lag: 12, Records: 300}, {Sub: "units", Lag: -1}}}
}

// TestReports: what a worker reports is shown, and no longer once it is not so.
func TestReports(t *testing.T) {
	m := New("v1", "abc")
	h := m.Hooks("app")
	h.Restored(taskOf, "cells", 40, 60)
	require.Equal(t, 60.0, shown(t, m)["abacus_restore_remaining_records{app=app store=cells task=1_2}"])
	h.Reported(reported())
	m.mu.ends[partition{"deltas", 2}] = 100
	got := shown(t, m)
	for name, want := range map[string]float64{
		"abacus_tasks{app=app state=running}":                           1,
		"abacus_tasks{app=app state=restoring}":                         1,
		"abacus_tasks{app=app state=standby}":                           2,
		"abacus_standby_lag_records{app=app sub=cells task=1_0}":        12,
		"abacus_standby_records_total{app=app sub=cells task=1_0}":      300,
		"abacus_standby_records_total{app=app sub=units task=0_0}":      0,
		"abacus_rebalances_total{app=app worker=w-0}":                   3,
		"abacus_state_disk_bytes{app=app}":                              4096,
		"abacus_source_held_back{app=app topic=events}":                 1,
		"abacus_consumer_lag_records{app=app partition=2 topic=deltas}": 30,
		"abacus_queued_records{app=app partition=2 topic=deltas}":       5,
		"abacus_watermark_held_by{app=app by=0_3 sub=cells task=1_2}":   1,
		"abacus_task_stream_time_seconds{app=app sub=cells task=1_2}":   1_790_000_000.5,
		"abacus_cache_hits_total{app=app sub=cells task=1_2}":           9,
		"abacus_restored_records_total{app=app}":                        40,
	} {
		require.Contains(t, got, name)
		require.Equal(t, want, got[name], name)
	}
	require.NotContains(t, got, "abacus_standby_lag_records{app=app sub=units task=0_0}", "not known yet")
	require.InDelta(t, float64(time.Now().Unix())-1_790_000_000.5, got["abacus_watermark_lag_seconds{app=app sub=cells task=1_2}"], 5)
	require.NotContains(t, got, "abacus_restore_remaining_records{app=app store=cells task=1_2}", "it runs")

	h.Reported(worker.Report{Worker: "w-0", Rebalances: 4, Failed: errors.New("fenced")})
	got = shown(t, m)
	require.Equal(t, 1.0, got["abacus_session_failures_total{app=app}"])
	require.Equal(t, 0.0, got["abacus_tasks{app=app state=running}"])
	for name := range got {
		require.NotContains(t, name, "1_2")
	}
}

// TestWaiting: what Redis has yet to be told of is shown by the process whose mirror has the partition.
func TestWaiting(t *testing.T) {
	m := New("v1", "abc")
	m.Waiting(2, 7)
	const name = "abacus_mirror_waiting_experiments{partition=2}"
	h := m.Hooks("app")
	h.Reported(reported())
	require.NotContains(t, shown(t, m), name, "no mirror runs here")
	r := reported()
	r.Running[0].Sub = mirrored
	h.Reported(r)
	require.Equal(t, 7.0, shown(t, m)[name])
}

// TestCounted: the names that tasks count under become metrics; those nobody knows are shown all the same.
func TestCounted(t *testing.T) {
	m := New("v1", "abc")
	h := m.Hooks("app")
	for name, n := range map[string]int64{"dead_letters.bad_ts": 2, "dead_letters_total": 2, "duplicates": 3, "novelties": 4} {
		h.Counted(name, n)
		h.Counted(name, n)
	}
	h.Committed(0, 7, time.Millisecond)
	h.Processed("units", 11)
	got := shown(t, m)
	require.Equal(t, 4.0, got["abacus_dead_letters_total{app=app reason=bad_ts}"])
	require.Equal(t, 6.0, got["abacus_duplicate_events_total{app=app}"])
	require.Equal(t, 8.0, got["abacus_events_total{app=app event=novelties}"])
	require.NotContains(t, got, "abacus_events_total{app=app event=dead_letters_total}")
	require.Equal(t, 7.0, got["abacus_commit_records_total{app=app}"])
	require.Equal(t, 1.0, got["abacus_commit_duration_seconds{app=app}"])
	require.Equal(t, 11.0, got["abacus_records_processed_total{app=app sub=units}"])
}

// TestNames follow the conventions of Prometheus: base units, _total for counters, a help text.
func TestNames(t *testing.T) {
	m := New("v1", "abc")
	h := m.Hooks("app")
	h.Reported(reported())
	h.Committed(0, 1, time.Millisecond)
	m.Waiting(0, 1)
	for _, n := range named {
		h.Counted(n.name, 1)
	}
	families, err := m.Gather()
	require.NoError(t, err)
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
}

// TestClientsComeAndGo: a client made anew under its name takes the place of the one before.
func TestClientsComeAndGo(t *testing.T) {
	m := New("v1", "abc")
	for range 2 {
		for _, name := range []string{"w-0", "w-1"} {
			require.Len(t, m.Hooks("app").Client(name), 1)
		}
	}
	require.Len(t, m.mu.clients, 2)
	_, err := m.Gather()
	require.NoError(t, err)
}
