package worker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// Topics that are read together have equally many partitions, or the app does not start: equal keys
// would be of different tasks. What a side is repartitioned through has as many as its source.
func TestSidesWithDifferentPartitions(t *testing.T) {
	sides := func(topology.Forward[string, string]) (none topology.Sides[string, string, string]) { return none }
	var b topology.Builder
	words := topology.From(&b, "words", codecs.String, codecs.String)
	sizes := topology.From(&b, "sizes", codecs.String, codecs.String)
	topology.Join(topology.Repartition(words, "moved"), sizes, "sized", topology.Needs{}, sides)
	topo, err := b.Build("app")
	require.NoError(t, err)
	a := &App{topo: topo}
	_, err = a.plans(map[string]int{"words": 4, "sizes": 2})
	require.EqualError(t, err, "sources of sizes are not co-partitioned: sizes has 2 partitions, app-moved-repartition has 4; topics that are read together need equally many")
	_, err = a.plans(map[string]int{"words": 4, "sizes": 4})
	require.NoError(t, err)
}
