package processors_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// More windows than a commit forwards close at once: the next commits forward the rest, after a
// restart too, and the watermark waits, so that downstream none is late.
func TestSuppressForwardsInParts(t *testing.T) {
	const many = 5000
	var b topology.Builder
	seconds := processors.CountWindows(processors.Window(orders(&b), processors.Tumbling{Size: time.Second}), "seconds")
	final := processors.Suppress(seconds, "final", 0)
	topology.To(final, "final")
	all := processors.SelectKey(final, "everyone", func(processors.Windowed[string], int64) string { return "all" })
	sums := processors.Window(topology.WithCodecs(all, codecs.String, codecs.Int64), processors.Tumbling{Size: time.Second, Emit: processors.OnClose})
	topology.To(processors.CountWindows(sums, "sums"), "sums")
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{})
	for i := range many {
		d.PipeAt("orders", start, fmt.Appendf(nil, "%s%d", strings.Repeat("k", 2048), i), encode("orders", "1"))
	}
	d.PipeAt("orders", start+5000, []byte("last"), encode("orders", "1"))
	d.Run()
	part := len(d.Records("final"))
	require.Greater(t, part, 0)
	require.Less(t, part, many/2)
	require.Empty(t, d.Records("sums"), "the window of those still to come is open")
	require.Len(t, d.Rows("final"), many+1-part)

	d.Advance(time.Millisecond)
	require.Greater(t, len(d.Records("final")), part)
	d.Wipe()
	d.Advance(30 * time.Second)
	require.Len(t, d.Records("final"), many+1)
	require.Empty(t, d.Rows("final"))
	require.Equal(t, map[string]int64{"all@[00:00,00:01)": many, "all@[00:05,00:06)": 1}, numbers(t, d, "sums"))
	require.Empty(t, d.Records("app.late"))
}
