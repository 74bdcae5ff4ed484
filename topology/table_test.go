package topology_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// A table keeps the latest row of each key, has the source topic as its changelog, and comes back
// from it when the disk is lost.
func TestTableIsRestoredFromItsSourceTopic(t *testing.T) {
	var b topology.Builder
	prices := topology.FromTable(&b, "prices", "price", codecs.String, codecs.String)
	topology.To(prices.Stream, "updates")
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{})
	d.Pipe("prices", []byte("apple"), []byte("1"))
	d.Pipe("prices", []byte("pear"), []byte("2"))
	d.Pipe("prices", []byte("apple"), []byte("3"))
	d.Pipe("prices", []byte("pear"), nil)
	d.Run()
	want := map[string][]byte{"apple": []byte("3")}
	require.Equal(t, want, d.Rows("price"))
	d.Wipe()
	d.Run()
	require.Equal(t, want, d.Rows("price"))
	require.Equal(t, "prices", topo.Subs[0].Changelog(topo.Subs[0].Stores[0]), "the source topic is the changelog")
	require.Len(t, d.Records("updates"), 4)
}

// A record that is put aside leaves the row as it is: while the app runs, after a restart, and when all is read anew.
func TestATableIsRestoredWithoutWhatItsCodecsRefuse(t *testing.T) {
	var b topology.Builder
	topology.FromTable(&b, "stocks", "stock", codecs.Int64, codecs.Int64)
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{})
	number := func(n int64) []byte {
		data, _ := codecs.Int64.Append(nil, n) // never fails
		return data
	}
	d.Pipe("stocks", number(1), number(10))
	d.Run()
	d.Pipe("stocks", number(1), []byte("many"))
	d.Pipe("stocks", []byte("apples"), number(20))
	d.Pipe("stocks", []byte("apples"), nil)
	d.PipeAt("stocks", topology.Earliest-1, number(1), number(30))
	d.Run()
	want := map[string][]byte{string(number(1)): number(10)}
	require.Equal(t, want, d.Rows("stock"))
	require.Len(t, d.Records("app.dlq"), 4)
	d.Restart()
	require.Equal(t, want, d.Rows("stock"))
	d.Wipe()
	require.Equal(t, want, d.Rows("stock"))
}
