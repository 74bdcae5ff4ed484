package topology_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// observing keeps the records that come to it, and the stream time that they find.
type observing struct {
	ctx  topology.Context
	seen *[]observed
}

type observed struct {
	key, value         string
	keyless, tombstone bool
	at, streamTime     int64
}

func (p *observing) Init(ctx topology.Context) error {
	p.ctx = ctx
	return nil
}

func (p *observing) Process(rec *topology.Record[string, string]) error {
	*p.seen = append(*p.seen, observed{rec.Key, rec.Value, rec.Keyless, rec.Tombstone, rec.Time, p.ctx.StreamTime()})
	return nil
}

// A source of events is not asked for the time of null, which does not move stream time, unless the codec makes something of it.
func TestNullOfASourceOfEvents(t *testing.T) {
	const earlier = 1000
	for name, c := range map[string]struct {
		decode bool
		asked  int
		time   int64 // of the second one, before the wall time
	}{"null": {false, 1, 0}, "decoded": {true, 2, earlier}} {
		var b topology.Builder
		var seen []observed
		asked := 0
		in := topology.FromTimed(&b, "in", codecs.String, codecs.String, func(_ *topology.Record[string, string], src *topology.Source) (int64, bool) {
			asked++
			return src.Appended - earlier, true
		})
		if c.decode {
			in = topology.DecodeNulls(in)
		}
		topology.Process(in, "observing", topology.Needs{}, func(topology.Forward[string, string]) topology.Processor[string, string] {
			return &observing{seen: &seen}
		})
		topo, err := b.Build("app")
		require.NoError(t, err)
		d := topologytest.New(t, topo, topologytest.Config{})
		now := d.Wall()
		d.PipeAt("in", now, []byte("a"), []byte("v"))
		d.PipeAt("in", now, nil, nil)
		d.Run()
		require.Equal(t, []observed{
			{"a", "v", false, false, now - earlier, now - earlier},
			{"", "", true, !c.decode, now - c.time, now - earlier},
		}, seen, name)
		require.Equal(t, c.asked, asked, name)
	}
}

// A table has no row for a record without key.
func TestATableSkipsWhatHasNoKey(t *testing.T) {
	var b topology.Builder
	table := topology.FromTable(&b, "rows", "rows", codecs.String, codecs.String)
	topology.To(table.Stream, "out")
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{})
	d.Pipe("rows", nil, []byte("v"))
	d.Pipe("rows", []byte("a"), []byte("v"))
	d.Run()
	require.Equal(t, map[string][]byte{"a": []byte("v")}, d.Rows("rows"))
	d.Wipe()
	d.Run()
	require.Equal(t, map[string][]byte{"a": []byte("v")}, d.RawRows("rows"), "restored")
	require.Len(t, d.Records("out"), 1)
	require.Empty(t, d.Records("app.dlq"))
}
