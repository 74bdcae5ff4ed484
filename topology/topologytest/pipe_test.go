package topologytest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
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

// chained counts words in minutes, behind a topic that the app itself writes and reads.
func chained(t *testing.T) *topology.Topology {
	var b topology.Builder
	topology.To(topology.From(&b, "words", codecs.String, codecs.String), "middle")
	middle := topology.From(&b, "middle", codecs.String, codecs.String)
	topology.To(processors.CountWindows(processors.Window(middle, processors.Tumbling{Size: time.Minute}), "minutes"), "counts")
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

// Records go out with their event time, not with the wall time of the test: the next reader windows by it.
func TestOutputsCarryTheEventTime(t *testing.T) {
	d := topologytest.New(t, chained(t), topologytest.Config{})
	words := topologytest.NewIn(d, "words", codecs.String, codecs.String)
	start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for minute := range 3 {
		words.PipeAt(start.Add(time.Duration(minute)*time.Minute), "ann", "a")
	}
	d.Run()
	middle := topologytest.NewOut(d, "middle", codecs.String, codecs.String).Read()
	counts := topologytest.NewOut(d, "counts", processors.WindowedCodec[string]{Key: codecs.String}, codecs.Int64).Read()
	require.Len(t, middle, 3)
	require.Len(t, counts, 3)
	for minute := range 3 {
		at := start.Add(time.Duration(minute) * time.Minute).UnixMilli()
		require.Equal(t, at, middle[minute].Time)
		require.Equal(t, at, counts[minute].Key.Start)
		require.Equal(t, at+59999, counts[minute].Time, "the last moment of its window")
		require.EqualValues(t, 1, counts[minute].Value)
	}
	for _, row := range d.Records("app-minutes-changelog") {
		require.Less(t, row.Appended, start.Add(time.Hour).UnixMilli())
	}
}

// A record without an event time has the wall time.
func TestOutputsWithoutEventTime(t *testing.T) {
	var b topology.Builder
	timeless := topology.Process(topology.From(&b, "words", codecs.String, codecs.String), "timeless", topology.Needs{}, func(out forward) topology.Processor[string, string] {
		return clearing{out}
	})
	topology.To(topology.WithCodecs(timeless, codecs.String, codecs.String), "copy")
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{})
	topologytest.NewIn(d, "words", codecs.String, codecs.String).PipeAt(time.UnixMilli(d.Wall()).Add(-time.Hour), "ann", "a")
	d.Run()
	require.Equal(t, d.Wall(), topologytest.NewOut(d, "copy", codecs.String, codecs.String).Read()[0].Time)
}

// clearing forwards records without their time.
type clearing struct{ out forward }

func (clearing) Init(topology.Context) error { return nil }

func (c clearing) Process(rec *topology.Record[string, string]) error {
	return c.out(&topology.Record[string, string]{Key: rec.Key, Value: rec.Value})
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
func (flags) Parse(data []byte, v *bool) error {
	if len(data) != 1 {
		return codecs.ErrLength
	}
	*v = true
	return nil
}
