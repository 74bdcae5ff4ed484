package processors_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

var windowedKeys = processors.WindowedCodec[string]{Key: codecs.String}

func TestWindowedKeysAreOrderedByWindowThenKey(t *testing.T) {
	ordered := []processors.Windowed[string]{
		{Key: "a", Start: math.MinInt64, End: 0},
		{Key: "z", Start: -2000, End: -1000},
		{Key: "a", Start: -1000, End: 0},
		{Key: "", Start: 0, End: 1000},
		{Key: "a", Start: 0, End: 1000},
		{Key: "b", Start: 0, End: 1000},
		{Key: "a", Start: 0, End: 60000},
		{Key: "a", Start: 1767225600000, End: 1767225660000},
	}
	var encoded [][]byte
	for _, w := range ordered {
		data, err := windowedKeys.Append(nil, w)
		require.NoError(t, err)
		encoded = append(encoded, data)
		var back processors.Windowed[string]
		require.NoError(t, windowedKeys.Parse(data, &back))
		require.Equal(t, w, back)
	}
	require.True(t, slices.IsSortedFunc(encoded, bytes.Compare))
}

func TestWindowedKeysThatDoNotParse(t *testing.T) {
	whole, err := windowedKeys.Append(nil, processors.Windowed[string]{Key: "a"})
	require.NoError(t, err)
	var w processors.Windowed[string]
	for n := range whole[:17] {
		require.ErrorContains(t, windowedKeys.Parse(whole[:n], &w), "malformed windowed key")
	}
	whole[0] = 2
	require.Error(t, windowedKeys.Parse(whole, &w))

	_, err = windowedKeys.Encode("a key without a window")
	require.ErrorIs(t, err, codecs.ErrType)
	kept := []byte("kept")
	got, err := processors.WindowedCodec[float64]{Key: codecs.JSON[float64]()}.Append(kept, processors.Windowed[float64]{Key: math.NaN()})
	require.Error(t, err)
	require.Equal(t, kept, got)
}

// What a codec cannot encode is a dead letter, and the state stays.
func TestResultsThatDoNotEncode(t *testing.T) {
	halve := func(x float64, _ string, n int64) (float64, error) {
		if n == 0 {
			return math.NaN(), nil
		}
		return x + float64(n)/2, nil
	}
	for name, declare := range map[string]func(in topology.Stream[string, int64]){
		"aggregate": func(in topology.Stream[string, int64]) {
			processors.Aggregate(in, "halves", codecs.JSON[float64](), halve)
		},
		"windows": func(in topology.Stream[string, int64]) {
			processors.AggregateWindows(processors.Window(in, processors.Tumbling{Size: time.Minute}), "halves", codecs.JSON[float64](), halve)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b topology.Builder
			declare(orders(&b))
			topo, err := b.Build("app")
			require.NoError(t, err)
			d := topologytest.New(t, topo, topologytest.Config{})
			for _, n := range []string{"1", "0", "2"} {
				d.PipeAt("orders", d.Wall(), []byte("ann"), encode("orders", n))
			}
			d.Run()
			rows := slices.Collect(mapValues(d.RawRows("halves")))
			require.Len(t, rows, 1)
			require.True(t, bytes.HasSuffix(rows[0], []byte("1.5")))
			letters := d.Records("app.dlq")
			require.Len(t, letters, 1)
			require.Equal(t, "failed", letters[0].HeaderMap()["abacus.reason"])
			require.Contains(t, letters[0].HeaderMap()["abacus.error"], `node "halves": result: `)
			require.Equal(t, "orders/0/1", letters[0].HeaderMap()["abacus.source"])
		})
	}
}

// A row that does not parse is no fault of the record: the step fails, and nothing is put aside.
func TestRowsOfAnotherLayoutStopTheStep(t *testing.T) {
	pane, err := windowedKeys.Append(nil, processors.Windowed[string]{Key: "ann", Start: start, End: start + 5000})
	require.NoError(t, err)
	hop, err := windowedKeys.Append(nil, processors.Windowed[string]{Key: "ann", Start: start, End: start + 2000})
	require.NoError(t, err)
	for _, c := range []struct {
		topology, store string
		key             []byte
	}{{"count", "big-orders", []byte("ann")}, {"window", "panes", pane}, {"hopping", "panes", hop}} {
		d := topologytest.New(nil, built(t, c.topology), topologytest.Config{})
		d.PipeAt("app-"+c.store+"-changelog", start, c.key, []byte("\x09 another layout"))
		d.Wipe()
		d.PipeAt("orders", start, []byte("ann"), encode("orders", "11"))
		require.Contains(t, failure(d.Run), fmt.Sprintf("task 0_0: record orders/0/0: store %s: row of key %x: malformed row", c.store, c.key))
		require.Empty(t, d.Records("app.dlq"))
	}
}

func mapValues(rows map[string][]byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for _, row := range rows {
			if !yield(row) {
				return
			}
		}
	}
}

// A function may write to a result that aliases its row: the row changes by the returned one only.
func TestResultsMayBeChangedInPlace(t *testing.T) {
	var b topology.Builder
	count := func(n []byte, _ string, v int64) ([]byte, error) {
		if len(n) == 0 {
			n = []byte{0}
		}
		n[0]++
		if v < 0 {
			return nil, codecs.ErrType
		}
		return n, nil
	}
	processors.Aggregate(orders(&b), "bytes", codecs.Bytes, count)
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{})
	for _, n := range []string{"1", "1", "-1", "1"} {
		d.PipeAt("orders", d.Wall(), []byte("ann"), encode("orders", n))
	}
	d.Run()
	require.EqualValues(t, 3, d.RawRows("bytes")["ann"][9])
}

// Rows of sessions are read when the task starts; one of another layout stops it, and is named.
func TestSessionsOfAnotherLayoutStopTheTask(t *testing.T) {
	whole := append([]byte{1, 1}, make([]byte, 16)...)
	whole = append(whole, 8, 0, 0, 0, 0, 0, 0, 0, 7)
	for name, row := range map[string][]byte{
		"version": []byte("\x09 another layout"), "empty": {}, "head": whole[:10], "length": whole[:18],
		"result": whole[:len(whole)-1], "flags": append([]byte{1, 8}, whole[2:]...),
	} {
		d := topologytest.New(nil, built(t, "session"), topologytest.Config{})
		d.PipeAt("app-panes-changelog", start, []byte("ann"), row)
		require.Panics(t, func() { d.Wipe() }, name)
	}
	d := topologytest.New(nil, built(t, "session"), topologytest.Config{})
	d.PipeAt("app-panes-changelog", start, []byte("ann"), whole)
	d.Wipe()
	require.Len(t, d.RawRows("panes"), 1)
}
