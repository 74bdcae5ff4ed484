package task_test

import (
	"encoding/hex"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/task"
)

func TestPositionRoundTrip(t *testing.T) {
	for _, p := range []task.Position{
		{StreamTime: math.MinInt64, Watermark: math.MinInt64},
		{StreamTime: base, Watermark: base - 1000, Idle: true},
		{StreamTime: 1, Watermark: -1, Inputs: []task.InputPosition{
			{Topic: "orders", Next: 17, Greatest: base}, {Topic: "", Next: -1, Greatest: math.MinInt64},
		}},
	} {
		row := task.AppendPosition([]byte("x"), p)
		got, err := task.ParsePosition(row[1:])
		require.NoError(t, err)
		require.Equal(t, p, got)
	}
}

func TestPositionLayout(t *testing.T) {
	row := task.AppendPosition(nil, task.Position{StreamTime: 1, Watermark: 2, Idle: true, Inputs: []task.InputPosition{{Topic: "ab", Next: 3, Greatest: 4}}})
	require.Equal(t, "01"+"0000000000000001"+"0000000000000002"+"01"+"0002"+"6162"+"0000000000000003"+"0000000000000004", hex.EncodeToString(row))
	for n := range row {
		if n == 18 {
			continue // a position without inputs
		}
		_, err := task.ParsePosition(row[:n])
		require.ErrorContains(t, err, "malformed position", n)
	}
	row[0] = 2
	_, err := task.ParsePosition(row)
	require.Error(t, err)
}

func TestRestartResumesThePosition(t *testing.T) {
	h := start(t, two)
	h.add(0, 3, "k", 5000)
	h.add(1, 8, "k", 4000)
	h.work()
	h.commit(nil)
	before := h.Position()
	h.open()
	require.Equal(t, before, h.Position())
	require.Equal(t, "4000", h.stream())
	require.EqualValues(t, 4, h.Next(0))
	require.EqualValues(t, 9, h.Next(1))
	require.False(t, h.Dirty())
	h.add(1, 9, "k", 4500)
	h.work()
	require.Equal(t, "4500", h.stream(), "the other source stands at 5000 still")
}
