package topology_test

import (
	"testing"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// TestStories tells what processors of a user's own do, those with a punctuator of either clock among them.
func TestStories(t *testing.T) {
	words := func(b *topology.Builder) topology.Stream[string, string] {
		return topology.From(b, "words", codecs.String, codecs.String)
	}
	number := topologytest.As(codecs.String, codecs.Int64)
	topologytest.Stories{
		Topologies: map[string]func(b *topology.Builder){
			"process":     func(b *topology.Builder) { numbered(words(b)) },
			"stream-time": func(b *topology.Builder) { tallied(words(b), topology.StreamClock) },
			"wall-clock":  func(b *topology.Builder) { tallied(words(b), topology.WallClock) },
		},
		Forms: map[string]topologytest.Form{"numbers": number, "counts": number},
	}.Run(t, "testdata/stories")
}
