package topology_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// Both sides are one processor, made and initialised once for each task, wherever its streams come from.
func TestJoinIsOneProcessorOfTwoStreams(t *testing.T) {
	var b topology.Builder
	words := topology.From(&b, "words", codecs.String, codecs.String)
	sizes := topology.From(&b, "sizes", codecs.String, codecs.Int64)
	made, inits := 0, 0
	joined := topology.Join(words, sizes, "sized", topology.Needs{}, func(out topology.Forward[string, string]) topology.Sides[string, string, int64] {
		made++
		last := int64(0)
		return topology.Sides[string, string, int64]{
			Init: func(topology.Context) error {
				inits++
				return nil
			},
			Left: func(rec *topology.Record[string, string]) error {
				next := *rec
				next.Value = rec.Value[:last]
				return out(&next)
			},
			Right: func(rec *topology.Record[string, int64]) error {
				last = rec.Value
				return nil
			},
		}
	})
	topology.To(topology.WithCodecs(joined, codecs.String, codecs.String), "cut")
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{Tasks: 2})
	require.Equal(t, 2, made)
	require.Equal(t, 2, inits)
	d.Pipe("sizes", []byte("a"), []byte{0, 0, 0, 0, 0, 0, 0, 2})
	d.Run()
	d.Pipe("words", []byte("a"), []byte("hello"))
	d.Run()
	require.Equal(t, map[string][]byte{"a": []byte("he")}, d.Last("cut"))
}
