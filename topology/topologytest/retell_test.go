package topologytest

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// forgetful counts in memory, where a restart finds nothing.
type forgetful struct {
	out topology.Forward[string, int64]
	n   int64
}

func (*forgetful) Init(topology.Context) error { return nil }

func (f *forgetful) Process(rec *topology.Record[string, string]) error {
	f.n++
	return f.out(&topology.Record[string, int64]{Key: rec.Key, Value: f.n})
}

// A topology whose state is not in its tables ends otherwise after a restart, and is told so.
func TestAStoryWhoseEndHangsOnRestartsIsFaulty(t *testing.T) {
	var b topology.Builder
	in := topology.From(&b, "words", codecs.String, codecs.String)
	counts := topology.Process(in, "count", topology.Needs{}, func(out topology.Forward[string, int64]) topology.Processor[string, string] {
		return &forgetful{out: out}
	})
	topology.To(topology.WithCodecs(counts, codecs.String, codecs.Int64), "counts")
	topo, err := b.Build("app")
	require.NoError(t, err)
	s := &story{topo: topo, lines: []string{"pipe words ann a", "pipe words ann b"}}
	s.Forms = map[string]Form{"counts": As(codecs.String, codecs.Int64)}
	out, faults := s.tellAll(t)
	require.Equal(t, "counts ann 1\ncounts ann 2\n", out)
	require.Contains(t, strings.Join(faults, "\n"), `a restart after line 2 "pipe words ann b" changes the end from`)
}

// The whole file of the doc is one that is told.
func TestTheStoryOfTheDoc(t *testing.T) {
	doc, err := os.ReadFile("story.go")
	require.NoError(t, err)
	file, err := os.ReadFile("testdata/stories/whole")
	require.NoError(t, err)
	shown := ""
	for line := range strings.Lines(string(file)) {
		if line != "\n" {
			line = "\t" + line
		}
		shown += "//" + line
	}
	require.Contains(t, string(doc), shown)
}

func TestLinesOfNoStory(t *testing.T) {
	var b topology.Builder
	topology.To(topology.From(&b, "numbers", codecs.String, codecs.Int64), "out")
	topo, err := b.Build("app")
	require.NoError(t, err)
	for _, line := range []string{"dance", "pipe numbers", "pipe numbers t=5 ann 3", "pipe numbers t=00:05 ann", "pipe numbers ann three", "pipe nothing ann 3", "crash here", "advance soon"} {
		s := &story{topo: topo, lines: []string{line}}
		s.Forms = map[string]Form{"numbers": As(codecs.String, codecs.Int64)}
		require.Panics(t, func() { s.play(panics{}, nil) }, line)
	}
}
