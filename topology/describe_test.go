package topology_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// example has all there is: two stages joined by a repartition topic, a detour, a merge, a sink of
// a processor, a table read from its topic, a global table, and a part of its own.
func example(b *topology.Builder) {
	orders := from(b, "orders")
	wrong, back := topology.Detour(b, "misplaced", codecs.String, codecs.String,
		func(_ *topology.Record[string, string], src *topology.Source) (int64, bool) { return src.Time, false })
	all := topology.Merge("all", orders, back)
	checked := through(all, "check", topology.Needs{Sinks: []*topology.SinkNode{wrong.Node()}, Globals: []string{"rules"}})
	counted := through(topology.Repartition(checked, "by-shop"), "count", store("counts"))
	topology.To(counted, "counts")
	through(from(b, "shops"), "mirror", topology.Needs{
		Stores: []topology.Store{{Name: "shop-table", SourceTopic: "shops"}}, Globals: []string{"rules"},
	})
}

const described = `App: app
  Sub-topology: 0 (orders)
    Source: orders
      --> all
    Source: app-misplaced-repartition
      --> all
    Processor: all
      --> check
    Processor: check
      => topic app-misplaced-repartition
      --> by-shop-repartition
    Sink: app-by-shop-repartition
  Sub-topology: 1 (counts)
    Source: app-by-shop-repartition
      --> count
    Processor: count (stores: counts (changelog app-counts-changelog))
      --> counts
    Sink: counts
  Sub-topology: 2 (shop-table)
    Source: shops
      --> mirror
    Processor: mirror (stores: shop-table (changelog shops))
  Global table: rules
`

func TestDescribe(t *testing.T) {
	var b topology.Builder
	example(&b)
	topo, err := b.Build("app")
	require.NoError(t, err)
	require.Equal(t, described, topo.Describe())
	again, err := b.Build("app")
	require.NoError(t, err)
	require.Equal(t, described, again.Describe(), "names of internal topics are made once")
}

func TestSubTopologiesAreCutAtRepartitionTopics(t *testing.T) {
	var b topology.Builder
	example(&b)
	topo, err := b.Build("app")
	require.NoError(t, err)
	require.Len(t, topo.Subs, 3)
	first, second, third := topo.Subs[0], topo.Subs[1], topo.Subs[2]

	require.Equal(t, []bool{true, false}, []bool{first.Sources[0].Timed, first.Sources[0].Repartition})
	detour := first.Sources[1]
	require.Equal(t, []bool{false, true, false}, []bool{detour.Timed, detour.Repartition, detour.Watermarked})
	require.Equal(t, []string{"app-misplaced-repartition", "app-by-shop-repartition"}, []string{first.Sinks[0].Topic, first.Sinks[1].Topic})
	require.Equal(t, []bool{false, true}, []bool{first.Sinks[0].Watermarks, first.Sinks[1].Watermarks})
	require.Equal(t, []string{"rules"}, first.Globals)

	require.Equal(t, []bool{false, true, true}, []bool{second.Sources[0].Timed, second.Sources[0].Repartition, second.Sources[0].Watermarked})
	require.Equal(t, []topology.Store{{Name: "counts"}, {Name: "counts-task"}}, second.Stores)
	require.Equal(t, "counts", second.Sinks[0].Topic)

	require.Equal(t, "shops", third.Changelog(third.Stores[0]))
	require.Equal(t, "app-shop-table-task-changelog", third.Changelog(third.Stores[1]))
	for i, s := range topo.Subs {
		require.Equal(t, i, s.ID)
		for j, src := range s.Sources {
			require.Equal(t, j, src.Index())
		}
		for j, sink := range s.Sinks {
			require.Equal(t, j, sink.Index())
		}
	}
}

// An internal topic may be named as a topic of the user's is.
func TestInternalTopicsHaveTheirOwnNames(t *testing.T) {
	var b topology.Builder
	topology.To(topology.Repartition(from(&b, "in"), "counts"), "counts")
	topo, err := b.Build("app")
	require.NoError(t, err)
	require.Equal(t, "app-counts-repartition", topo.Subs[0].Sinks[0].Topic)
	require.Equal(t, "counts", topo.Subs[1].Sinks[0].Topic)
}

func TestKeyed(t *testing.T) {
	var b topology.Builder
	in := from(&b, "in")
	moved := through(in, "moved", topology.Needs{})
	kept := topology.KeepKeys(through(in, "kept", topology.Needs{}))
	belowMoved := topology.KeepKeys(through(moved, "below", topology.Needs{}))
	require.True(t, topology.Keyed(in))
	require.False(t, topology.Keyed(moved), "a processor may have changed keys")
	require.True(t, topology.Keyed(kept))
	require.False(t, topology.Keyed(belowMoved))
	require.True(t, topology.Keyed(topology.Merge("both", in, kept)))
	require.False(t, topology.Keyed(topology.Merge("mixed", in, belowMoved)))
	require.True(t, topology.Keyed(topology.Repartition(belowMoved, "again")))
}

func TestReachGoesUpstream(t *testing.T) {
	var b topology.Builder
	one := topology.Reach(through(from(&b, "in"), "one", topology.Needs{}), 5)
	two := topology.Reach(through(topology.Repartition(one, "a"), "two", topology.Needs{}), 20)
	topology.Reach(through(two, "also two", topology.Needs{}), 10)
	through(topology.Repartition(topology.Merge("joined", two), "b"), "three", topology.Needs{})
	topology.Reach(through(from(&b, "apart"), "four", topology.Needs{}), 7)
	topo, _ := b.Build("app")
	var reach []int64
	for _, s := range topo.Subs {
		reach = append(reach, s.Reach)
	}
	require.Equal(t, []int64{35, 30, 0, 7}, reach)
}
