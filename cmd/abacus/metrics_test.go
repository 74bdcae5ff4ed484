package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/check"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
)

// servedAt is where a service says that its metrics are.
var servedAt = regexp.MustCompile(`(?m)metrics.*"?address"?: ?"(127\.0\.0\.1:\d+)"`)

// endpoint waits until a service serves its metrics.
func (s *service) endpoint() string {
	s.t.Helper()
	var found []string
	require.Eventually(s.t, func() bool {
		found = servedAt.FindStringSubmatch(s.log.String())
		return found != nil
	}, 20*time.Second, 10*time.Millisecond, "no address of metrics")
	return "http://" + found[1]
}

// get is the body at a URL that answers 200.
func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, string(body))
	return string(body)
}

// sampled are the values of a scrape by name and labels as written.
func sampled(t *testing.T, text string) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		at := strings.LastIndexByte(line, ' ')
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		value, err := strconv.ParseFloat(line[at+1:], 64)
		require.NoError(t, err, line)
		all[line[:at]] = value
	}
	return all
}

// TestMetrics: what a scrape says is what load and verify know of the traffic.
func TestMetrics(t *testing.T) {
	i := install(t)
	processor := i.start("run", "--mirror", "-o", "json", "--metrics", "127.0.0.1:0")
	url := processor.endpoint()
	processor.says(`"app started","app":"abacus-mirror"`)
	truth := i.load("--seed", "9")
	for _, value := range []string{"nonsense", "[]", `{"id":"x","type":"click","ts":"2026-01-01T00:00:00Z"}`} {
		require.NoError(t, i.Client.ProduceSync(context.Background(), &kgo.Record{Topic: "abacus.events", Key: []byte("k"), Value: []byte(value)}).FirstErr())
	}
	i.must("verify")
	events := i.events()

	var got map[string]float64
	require.Eventually(t, func() bool {
		got = sampled(t, get(t, url+"/metrics"))
		return got[`abacus_records_processed_total{app="abacus",sub="units"}`] == events && i.lag(got) == 0
	}, 20*time.Second, 200*time.Millisecond, "all events are processed")
	require.Equal(t, 2.0, got[`abacus_dead_letters_total{app="abacus",reason="not_json"}`])
	require.Equal(t, 1.0, got[`abacus_dead_letters_total{app="abacus",reason="no_unit"}`])
	require.Equal(t, float64(truth.Duplicates), got[`abacus_duplicate_events_total{app="abacus"}`])
	require.Equal(t, float64(truth.Events)+3, events)
	require.NotContains(t, got, `abacus_events_total{app="abacus",event="dead_letters_total"}`)
	require.Positive(t, got[`abacus_records_processed_total{app="abacus",sub="cells"}`])
	require.Positive(t, got[`abacus_records_processed_total{app="abacus-mirror",sub="mirror"}`])
	require.Positive(t, got[`abacus_mirror_hashes_total{app="abacus-mirror"}`])
	require.Zero(t, got[`abacus_mirror_waiting_experiments{partition="0"}`])
	require.Positive(t, got[`abacus_commit_duration_seconds_count{app="abacus"}`])
	require.GreaterOrEqual(t, got[`abacus_commit_records_total{app="abacus"}`], got[`abacus_commit_duration_seconds_count{app="abacus"}`], "each has a position")
	require.Equal(t, 8.0, got[`abacus_tasks{app="abacus",state="running"}`], "4 partitions of each stage")
	require.Equal(t, 0.0, got[`abacus_tasks{app="abacus",state="restoring"}`])
	require.Equal(t, 0.0, got[`abacus_session_failures_total{app="abacus"}`])
	require.InDelta(t, float64(time.Now().Unix()), got[`abacus_task_stream_time_seconds{app="abacus",sub="units",task="0_0"}`], 120)
	require.Positive(t, got[`abacus_cache_bytes{app="abacus",sub="units",task="0_0"}`])
	require.Positive(t, got[`abacus_cache_hits_total{app="abacus",sub="units",task="0_0"}`])
	require.Positive(t, got[`abacus_state_disk_bytes{app="abacus"}`])
	require.Contains(t, got, `abacus_watermark_lag_seconds{app="abacus",sub="cells",task="1_0"}`)
	text := get(t, url+"/metrics")
	require.Regexp(t, `(?m)^abacus_rebalances_total\{app="abacus",worker="abacus-\w+-0"\} [1-9]`, text)
	require.Regexp(t, `(?m)^abacus_kafka_fetch_records_total\{app="abacus",client="abacus-\w+-0",topic="abacus.events"\} [1-9]`, text)
	require.Regexp(t, `(?m)^abacus_build_info\{commit=".*",go="go1.*",version="dev"\} 1$`, text)
	require.Contains(t, get(t, url+"/debug/pprof/"), "goroutine")
	require.Contains(t, get(t, url), "/metrics")
	processor.end()
	_, err := http.Get(url)
	require.Error(t, err, "nobody serves any more")
	i.restores()
}

// restores has a processor without local state restore it, and wants that to be shown.
func (i *installation) restores() {
	t := i.t
	t.Helper()
	again := start(t, append([]string{"run", "--metrics", "127.0.0.1:0"}, append(i.flags, "--state-dir", t.TempDir())...)...)
	url := again.endpoint()
	var got map[string]float64
	require.Eventually(t, func() bool {
		got = sampled(t, get(t, url+"/metrics"))
		return got[`abacus_tasks{app="abacus",state="running"}`] == 8
	}, 20*time.Second, 200*time.Millisecond)
	require.Positive(t, got[`abacus_restored_records_total{app="abacus"}`])
	for name := range got {
		require.NotContains(t, name, "abacus_restore_remaining_records", "all of it is done")
	}
	again.end()
}

// events is how many records verify reads.
func (i *installation) events() float64 {
	i.t.Helper()
	reader, err := logs.Open(i.Brokers...)
	require.NoError(i.t, err)
	defer reader.Close()
	report, err := check.Run(context.Background(), check.Config{Prefix: "abacus", Logs: reader})
	require.NoError(i.t, err)
	return float64(report.Records)
}

// lag is the sum over all source partitions, which are all there; -1 where one is not.
func (i *installation) lag(got map[string]float64) (sum float64) {
	for _, source := range []string{`app="abacus",topic="abacus.events"`, `app="abacus",topic="abacus-deltas-repartition"`, `app="abacus-mirror",topic="abacus.stats"`} {
		app, topic, _ := strings.Cut(source, ",")
		for partition := range 4 {
			lag, there := got[fmt.Sprintf(`abacus_consumer_lag_records{%s,partition="%d",%s}`, app, partition, topic)]
			if !there {
				return -1
			}
			sum += lag
		}
	}
	return sum
}

// TestMetricsElsewhere: a taken port is a warning, off is none, and what is no address is refused.
func TestMetricsElsewhere(t *testing.T) {
	t.Chdir(t.TempDir())
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	processor := start(t, "run", "--brokers", "127.0.0.1:1", "--metrics", taken.Addr().String())
	url := processor.endpoint()
	processor.says("the port for metrics is taken, another one is used")
	require.NotContains(t, url, fmt.Sprintf(":%d", port))
	require.Contains(t, get(t, url+"/metrics"), "go_goroutines")
	processor.end()

	t.Setenv("ABACUS_METRICS", "off")
	silent := start(t, "mirror", "--brokers", "127.0.0.1:1")
	silent.says("kafka is away")
	require.NotContains(t, silent.log.String(), "metrics")
	silent.end()
	for _, address := range []string{"9464", "localhost:many", "localhost:99999"} {
		got := run(t, newRootCommand(), "run", "--metrics", address)
		require.Equal(t, exitUsage, got.code, address)
		require.Contains(t, got.err, "want host:port")
	}
	got := run(t, newRootCommand(), "run", "--metrics", "192.0.2.1:9464")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "192.0.2.1")
}
