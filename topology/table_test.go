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
