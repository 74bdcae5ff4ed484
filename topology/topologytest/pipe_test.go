package topologytest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// prices is a topology that writes a table to another topic.
func prices(t *testing.T) *topology.Topology {
	var b topology.Builder
	topology.To(topology.FromTable(&b, "prices", "price", codecs.String, codecs.Int64).Stream, "copy")
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

func TestTypedPipes(t *testing.T) {
	d := topologytest.New(t, prices(t), topologytest.Config{Tasks: 3})
	in := topologytest.NewIn(d, "prices", codecs.String, codecs.Int64)
	out := topologytest.NewOut(d, "copy", codecs.String, codecs.Int64)
	require.Empty(t, out.Read())
	at := time.UnixMilli(d.Wall()).Add(-time.Minute)
	in.Pipe("pear", 3)
	in.PipeAt(at, "plum", 4)
	require.Empty(t, out.Read(), "nothing is processed yet")
	d.Run()
	require.Len(t, out.Read(), 2)
	require.Equal(t, at.UnixMilli(), recordOf(d, "plum").Appended)
	in.Delete("pear")
	in.Put(topology.Record[string, int64]{Key: "plum", Value: 5, Headers: []topology.Header{{Key: "trace", Value: []byte("7")}}})
	d.Run()
	all := out.Read()
	require.Len(t, all, 2)
	for _, rec := range all {
		require.Equal(t, rec.Key == "pear", rec.Tombstone)
		if !rec.Tombstone {
			require.Equal(t, "7", string(rec.Headers[0].Value))
		}
	}
	require.Empty(t, out.Read())
	require.Equal(t, map[string]int64{"plum": 5}, out.Last())
}

func recordOf(d *topologytest.Driver, key string) topologytest.Record {
	for _, r := range d.Records("prices") {
		if string(r.Key) == key {
			return r
		}
	}
	return topologytest.Record{}
}

// A codec that is not that of the topic says where.
func TestOutputsOfAnotherType(t *testing.T) {
	d := topologytest.New(nil, prices(t), topologytest.Config{})
	topologytest.NewIn(d, "prices", codecs.String, codecs.Int64).Pipe("pear", 3)
	d.Run()
	require.PanicsWithValue(t, "copy/0: value at offset 0: wrong length", func() {
		topologytest.NewOut(d, "copy", codecs.String, codecs.Codec[bool](flags{})).Read()
	})
}

// flags is a codec of one byte.
type flags struct{}

func (flags) Append(dst []byte, _ bool) ([]byte, error) { return append(dst, 1), nil }
func (flags) Parse(data []byte, _ *bool) error {
	if len(data) != 1 {
		return codecs.ErrLength
	}
	return nil
}
