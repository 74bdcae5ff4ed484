package query_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/query"
	"github.com/abacus-stream/abacus/topology/worker"
)

const partitions = 4

// kafka is an in-process Kafka with a topic that the app keeps as a table.
func kafka(t *testing.T) (brokers []string, produce func(rows map[string]string)) {
	t.Helper()
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, "colours"))
	require.NoError(t, err)
	t.Cleanup(fake.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return fake.ListenAddrs(), func(rows map[string]string) {
		for key, value := range rows {
			rec := &kgo.Record{Topic: "colours", Key: []byte(key), Value: []byte(value)}
			require.NoError(t, client.ProduceSync(context.Background(), rec).FirstErr())
		}
	}
}

// instance runs an app of a table of colours that serves its stores; stop ends the app, the address goes on to answer.
func instance(t *testing.T, brokers []string, advertise bool, standbys int) (base string, stop func()) {
	t.Helper()
	var b topology.Builder
	topology.FromTable(&b, "colours", "colour-table", codecs.String, codecs.String)
	_, base, stop = serve(t, &b, worker.Config{Brokers: brokers, Standbys: standbys}, advertise)
	return base, stop
}

// serve runs an app that serves its stores.
func serve(t *testing.T, b *topology.Builder, cfg worker.Config, advertise bool) (app *worker.App, base string, stop func()) {
	t.Helper()
	topo, err := b.Build("app")
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	cfg.Workers, cfg.Memory = 1, true
	if advertise {
		cfg.Advertise = listener.Addr().String()
	}
	app, err = worker.New(topo, cfg)
	require.NoError(t, err)
	server := &http.Server{Handler: query.Serve(app, query.Config{Timeout: 20 * time.Second})}
	go func() { _ = server.Serve(listener) }()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(func() { stop(); _ = server.Close() })
	return app, "http://" + listener.Addr().String(), stop
}

func get(t *testing.T, address string) (status int, body string, head http.Header) {
	t.Helper()
	resp, err := http.Get(address)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text), resp.Header
}

// settled waits until an instance answers rows for all partitions, and gives them.
func settled(t *testing.T, base, params string, want int) (rows map[string]string) {
	t.Helper()
	require.Eventually(t, func() bool {
		status, body, _ := get(t, base+"/stores/colour-table/rows"+params)
		if status != http.StatusOK {
			return false
		}
		rows = map[string]string{}
		var row struct {
			Key, Value []byte
			Error      string
		}
		for in := json.NewDecoder(strings.NewReader(body)); in.Decode(&row) == nil; {
			if row.Error != "" {
				return false
			}
			rows[string(row.Key)] = string(row.Value)
		}
		return len(rows) == want
	}, 30*time.Second, 20*time.Millisecond, "last %v", rows)
	return rows
}

// Each of two instances answers for every key, also while and after the other one leaves.
func TestAnyInstanceAnswersForAnyKey(t *testing.T) {
	brokers, produce := kafka(t)
	one, _ := instance(t, brokers, true, 0)
	two, stop := instance(t, brokers, true, 0)
	want := map[string]string{"a key/with ? & \xff": "odd", "": "empty", "..": "dots"}
	for i := range 40 {
		want[fmt.Sprintf("key %d", i)] = fmt.Sprintf("colour %d", i)
	}
	produce(want)
	for _, base := range []string{one, two} {
		require.Equal(t, want, settled(t, base, "", len(want)))
		require.Equal(t, want, settled(t, base, "?reverse=true", len(want)))
		require.Len(t, settled(t, base, "?from=key+1&to=key+2", 11), 11)
		for key, value := range want {
			status, body, _ := get(t, base+"/stores/colour-table/row?key="+url.QueryEscape(key))
			require.Equal(t, http.StatusOK, status, body)
			require.Equal(t, value, body)
		}
	}
	share := 0
	for key := range want {
		req, err := http.NewRequest(http.MethodGet, one+"/stores/colour-table/row?key="+url.QueryEscape(key), nil)
		require.NoError(t, err)
		req.Header.Set("Abacus-Forwarded", "1")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			share++
		} else {
			require.Equal(t, http.StatusMisdirectedRequest, resp.StatusCode)
		}
	}
	require.NotZero(t, share)
	require.Less(t, share, len(want), "nothing was forwarded")
	stop()
	require.Equal(t, want, settled(t, one, "", len(want)))
	status, _, _ := get(t, two+"/stores/colour-table/row?key=x")
	require.Equal(t, http.StatusServiceUnavailable, status)
}

func TestAnswersSayWhatIsMissing(t *testing.T) {
	brokers, produce := kafka(t)
	one, _ := instance(t, brokers, true, 0)
	produce(map[string]string{"k": "v"})
	settled(t, one, "", 1)
	for _, c := range []struct {
		path    string
		status  int
		missing string
	}{
		{"/stores/colour-table/row?key=k", 200, ""},
		{"/stores/colour-table/row?key=none", 404, "key"},
		{"/stores/colour-table/row?key=k&partition=99", 400, ""},
		{"/stores/colour-table/row?key=k&partition=x", 400, ""},
		{"/stores/nothing/row?key=k", 404, "store"},
		{"/stores/nothing/rows", 404, "store"},
	} {
		status, body, head := get(t, one+c.path)
		require.Equal(t, c.status, status, "%s: %s", c.path, body)
		require.Equal(t, c.missing, head.Get("Abacus-Missing"), c.path)
	}
}

// An owner that advertises nothing is named.
func TestAnOwnerWithoutAnAddressIsNamed(t *testing.T) {
	brokers, produce := kafka(t)
	one, _ := instance(t, brokers, false, 0)
	instance(t, brokers, false, 0)
	produce(map[string]string{"k": "v"})
	require.Eventually(t, func() bool {
		status, body, _ := get(t, one+"/stores/colour-table/rows")
		return (status == http.StatusServiceUnavailable || status == http.StatusOK) && strings.Contains(body, "worker.Config.Advertise")
	}, 30*time.Second, 20*time.Millisecond)
}

// Instances that cannot reach each other answer for every key by their standbys, for who takes what is that old.
func TestStandbysAnswer(t *testing.T) {
	brokers, produce := kafka(t)
	one, _ := instance(t, brokers, false, 1)
	two, _ := instance(t, brokers, false, 1)
	want := map[string]string{}
	for i := range 40 {
		want[fmt.Sprintf("key %d", i)] = fmt.Sprintf("colour %d", i)
	}
	produce(want)
	for _, base := range []string{one, two} {
		require.Eventually(t, func() bool { // once the tasks are shared
			_, body, _ := get(t, base+"/stores/colour-table/rows")
			return strings.Contains(body, "advertises no address")
		}, 30*time.Second, 20*time.Millisecond, "nobody has asked for old rows")
		require.Equal(t, want, settled(t, base, "?stale=1m", len(want)))
		for _, wrong := range []string{"2", "-1s", "soon"} {
			status, body, _ := get(t, base+"/stores/colour-table/rows?stale="+wrong)
			require.Equal(t, http.StatusBadRequest, status, body)
		}
	}
}
