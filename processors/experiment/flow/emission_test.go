package flow

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// purchases come one every 100 ms of a unit that has been exposed; the driver runs after each.
func purchases(d *topologytest.Driver, n int) {
	ts := d.Wall()
	d.Pipe("abacus.events", []byte("u1"), fmt.Appendf(nil, `{"id":"x","type":"exposure","unit":"u1","experiment":"button","variant":"control","ts":%d}`, ts))
	for i := range n {
		d.Advance(100 * time.Millisecond)
		d.Pipe("abacus.events", []byte("u1"), fmt.Appendf(nil, `{"id":"p%d","type":"purchase","unit":"u1","value":1,"ts":%d}`, i, ts+int64(i)*100))
		d.Run()
		d.Advance(time.Millisecond) // what has been sent in the same millisecond waits for the next
	}
}

// With the close, a window has one record, a closed one, and no total is sent but when a pane has closed.
func TestOnCloseNothingIsSentBefore(t *testing.T) {
	d := driverOf(t, Config{OnClose: true}, topologytest.Config{}, definition)
	d.Run()
	purchases(d, 40)
	d.Advance(2 * time.Minute)
	windows, totals := map[string]int{}, map[int64]int{}
	for _, rec := range d.Records("abacus.stats") {
		var r result.Record
		require.NoError(t, json.Unmarshal(rec.Value, &r))
		if r.Grain == result.Total {
			totals[r.AsOf]++
			continue
		}
		require.True(t, r.Closed, "%s", rec.Key)
		windows[string(rec.Key)]++
	}
	require.NotEmpty(t, windows)
	for key, n := range windows {
		require.Equal(t, 1, n, key)
	}
	require.GreaterOrEqual(t, len(totals), 3)
	for asOf, n := range totals {
		require.LessOrEqual(t, n, 2, "as of %d", asOf) // the pane's own, and that of what has matured
	}
	require.Empty(t, differencesOf(t, d, verify.Input{Partitions: 4, OnClose: true}, definition))
}

// With each commit, every change is seen in the total and in its open windows.
func TestOnCommitEachChangeIsSent(t *testing.T) {
	d := driverOf(t, Config{EmitEvery: time.Millisecond, WindowsEvery: time.Millisecond}, topologytest.Config{}, definition)
	d.Run()
	purchases(d, 8)
	sums := map[string][]string{}
	for _, rec := range d.Records("abacus.stats") {
		var r result.Record
		require.NoError(t, json.Unmarshal(rec.Value, &r))
		grain := strings.Split(string(rec.Key), "|")[1]
		sums[grain] = append(sums[grain], r.Metrics["revenue"].Variants["control"].Sum)
	}
	for _, grain := range []string{"total", "60s"} {
		got := strings.Join(sums[grain], " ")
		for i := 1; i <= 8; i++ {
			require.Contains(t, got, fmt.Sprintf("%d.00", i), grain)
		}
	}
}
