package processors_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// countedOrders is a count of orders by windows.
func countedOrders(t *testing.T, by processors.WindowedBy) *topology.Topology {
	t.Helper()
	var b topology.Builder
	topology.To(processors.CountWindows(processors.Window(orders(&b), by), "panes"), "counts")
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

// A window that was closed stays closed where the next version of a program has more grace: what it counted is gone, and
// is not told again in part. Those that are open take records by the new grace.
func TestAGraceThatGrowsLeavesClosedWindowsClosed(t *testing.T) {
	for name, c := range map[string]struct {
		by   func(grace time.Duration) processors.WindowedBy
		open string // a window of the records at 35 and 36
	}{
		"tumbling": {func(grace time.Duration) processors.WindowedBy {
			return processors.Tumbling{Size: 10 * time.Second, Grace: grace}
		}, "a@[00:30,00:40)"},
		"hopping": {func(grace time.Duration) processors.WindowedBy {
			return processors.Hopping{Size: 20 * time.Second, Advance: 10 * time.Second, Grace: grace}
		}, "a@[00:30,00:50)"},
		"sliding": {func(grace time.Duration) processors.WindowedBy {
			return processors.Sliding{Difference: 9 * time.Second, Grace: grace}
		}, "a@[00:27,00:36.001)"},
		"sessions": {func(grace time.Duration) processors.WindowedBy {
			return processors.Session{Gap: 5 * time.Second, Grace: grace}
		}, "a@[00:35,00:36.001)"},
	} {
		t.Run(name, func(t *testing.T) {
			by := c.by
			d := topologytest.New(t, countedOrders(t, by(0)), topologytest.Config{})
			order := func(seconds int64) {
				d.PipeAt("orders", start+seconds*1000, []byte("a"), encode("orders", "1"))
				d.Run()
			}
			for _, at := range []int64{1, 2, 12, 13, 35} {
				order(at)
			}
			before := numbers(t, d, "counts")
			d.Deploy(countedOrders(t, by(time.Hour)))
			order(3)
			order(14)
			require.Len(t, d.Records("app.late"), 2)
			require.Equal(t, before, numbers(t, d, "counts"), "what was closed has been counted to its end")
			order(55)
			order(36) // late by the old grace, and in an open window
			require.Len(t, d.Records("app.late"), 2)
			require.EqualValues(t, 2, numbers(t, d, "counts")[c.open])
			d.Wipe()
			order(4)
			require.Len(t, d.Records("app.late"), 3, "it is closed after the next restart too")
		})
	}
}
