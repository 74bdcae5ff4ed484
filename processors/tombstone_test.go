package processors_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// deletions forwards negative orders as tombstones.
func deletions(in topology.Stream[string, int64]) topology.Stream[string, int64] {
	out := topology.Process(in, "deletions", topology.Needs{}, func(out topology.Forward[string, int64]) topology.Processor[string, int64] {
		return forwarding(func(rec *topology.Record[string, int64]) error {
			next := *rec
			if next.Tombstone = rec.Value < 0; next.Tombstone {
				next.Value = 0
			}
			return out(&next)
		})
	})
	return topology.WithCodecs(out, codecs.String, codecs.Int64)
}

type forwarding func(rec *topology.Record[string, int64]) error

func (forwarding) Init(topology.Context) error                         { return nil }
func (f forwarding) Process(rec *topology.Record[string, int64]) error { return f(rec) }

// Tombstones pass operators that keep keys and repartition topics, no function sees one, and aggregates take none.
func TestTombstones(t *testing.T) {
	var b topology.Builder
	refuse := func(n int64) (int64, error) { return n, codecs.ErrType }
	in := topology.Repartition(deletions(orders(&b)), "moved")
	kept := processors.Filter(in, "none", func(string, int64) bool { return false })
	mapped := processors.MapValues(kept, "mapped", func(int64) int64 { panic("a tombstone has no value") })
	tried := processors.TryMapValues(mapped, "tried", refuse)
	topology.To(topology.WithCodecs(tried, codecs.String, codecs.Int64), "gone")
	topology.To(processors.Count(in, "counts"), "counts")
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{})
	for _, n := range []string{"1", "-1", "2"} {
		d.PipeAt("orders", d.Wall(), []byte("ann"), encode("orders", n))
	}
	d.Run()
	gone := d.Records("gone")
	require.Len(t, gone, 1)
	require.Equal(t, "ann", string(gone[0].Key))
	require.Nil(t, gone[0].Value)
	require.Equal(t, map[string]int64{"ann": 2}, numbers(t, d, "counts"))
	require.Empty(t, d.Records("app.dlq"))
}
