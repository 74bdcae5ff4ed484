package topologytest_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// page has parts of all kinds, which its JSON leaves out where they are zero.
type page struct {
	URL   string            `json:",omitempty"`
	Views int               `json:",omitempty"`
	Size  uint8             `json:",omitempty"`
	Score float64           `json:",omitempty"`
	Seen  bool              `json:",omitempty"`
	Tags  []string          `json:",omitempty"`
	Props map[string]string `json:",omitempty"`
	From  *page             `json:",omitempty"`
}

// leaky is the codec that comes to mind first: what the JSON leaves out stays as it was.
type leaky[V any] struct{}

func (leaky[V]) Append(dst []byte, v V) ([]byte, error) {
	data, err := json.Marshal(v)
	return append(dst, data...), err
}

func (leaky[V]) Parse(data []byte, v *V) error { return json.Unmarshal(data, v) }

// copying is a topology that copies pages.
func copying[V any](t *testing.T, codec codecs.Codec[V]) *topology.Topology {
	var b topology.Builder
	topology.To(topology.From(&b, "pages", codecs.String, codec), "copy")
	topo, err := b.Build("app")
	require.NoError(t, err)
	return topo
}

// A source parses into the same value again and again: a codec that leaves old fields mixes the records.
func TestACodecThatLeavesOldFields(t *testing.T) {
	codec := codecs.Codec[page](leaky[page]{})
	d := topologytest.New(nil, copying(t, codec), topologytest.Config{})
	const want = `it has to replace the whole of v, so let it parse into a new value and assign that to *v`
	in := topologytest.NewIn(d, "pages", codecs.String, codec)
	for _, p := range []page{{Views: 1}, {URL: "/", Views: 1, Size: 1, Score: 1, Seen: true, Tags: []string{"a"}, Props: map[string]string{"a": "b"}}} {
		require.Contains(t, faultOf(func() { in.Pipe("ann", p) }), want)
	}
	require.Empty(t, d.Records("pages"))

	d.Pipe("pages", []byte("ann"), []byte(`{"URL":"/"}`))
	d.Run()
	out := topologytest.NewOut(d, "copy", codecs.String, codec)
	fault := faultOf(func() { out.Read() })
	require.Contains(t, fault, "copy/0: value at offset 0: codec topologytest_test.leaky[")
	require.Contains(t, fault, want)

	form := topologytest.As(codecs.String, codec)
	_, err := form.ParseValue(`{"URL":"/"}`)
	require.ErrorContains(t, err, want)
	_, err = form.PrintValue([]byte(`{"URL":"/"}`), nil)
	require.ErrorContains(t, err, want)
}

// Keys are parsed into the same value too, and maps keep what they had.
func TestAKeyCodecThatLeavesOldEntries(t *testing.T) {
	codec := codecs.Codec[map[string]int](leaky[map[string]int]{})
	d := topologytest.New(nil, letters(t), topologytest.Config{})
	in := topologytest.NewIn(d, "letters", codec, codecs.String)
	require.Contains(t, faultOf(func() { in.Pipe(map[string]int{"a": 1}, "a") }), "in one that held map[old:1] before")
}

// Codecs that replace all, of values that are not equal to themselves too, are left alone.
func TestCodecsThatReplaceAll(t *testing.T) {
	d := topologytest.New(t, copying(t, codecs.JSON[page]()), topologytest.Config{})
	in := topologytest.NewIn(d, "pages", codecs.String, codecs.JSON[page]())
	out := topologytest.NewOut(d, "copy", codecs.String, codecs.JSON[page]())
	in.Pipe("ann", page{URL: "/", From: &page{Views: 2}})
	in.Pipe("ann", page{})
	d.Run()
	require.Equal(t, map[string]page{"ann": {}}, out.Last())

	numbers := topologytest.New(t, copying(t, codecs.Float64), topologytest.Config{})
	topologytest.NewIn(numbers, "pages", codecs.String, codecs.Float64).Pipe("ann", math.NaN())
	numbers.Run()
	require.True(t, math.IsNaN(topologytest.NewOut(numbers, "copy", codecs.String, codecs.Float64).Last()["ann"]))
}
