package topology_test

import (
	"encoding/hex"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology"
)

func TestFrameLayout(t *testing.T) {
	for _, c := range []struct {
		time    int64
		payload []byte
		want    string
	}{
		{1, []byte("hi"), "10" + "0000000000000001" + "6869"},
		{-1, []byte{}, "10" + "ffffffffffffffff"},
		{1767225600000, nil, "11" + "0000019b76daa800"},
	} {
		frame := topology.AppendFrame([]byte("x"), c.time, c.payload)
		require.Equal(t, "78"+c.want, hex.EncodeToString(frame))
		time, payload, err := topology.ParseFrame(frame[1:])
		require.NoError(t, err)
		require.Equal(t, c.time, time)
		require.Equal(t, c.payload, payload) // nil and empty are told apart
		require.False(t, topology.IsWatermark(frame[1:]))
	}
}

func TestWatermarkLayout(t *testing.T) {
	w := topology.Watermark{Sub: 1, Task: 200, Tasks: 300, Time: 5000, InputOffset: 77, Idle: true}
	frame := topology.AppendWatermark(nil, w)
	require.Equal(t, "12"+"01"+"c801"+"ac02"+"0000000000001388"+"000000000000004d"+"01", hex.EncodeToString(frame))
	require.True(t, topology.IsWatermark(frame))
	for _, want := range []topology.Watermark{w, {Time: math.MinInt64, InputOffset: -1}, {Tasks: 1, Time: -1000}} {
		got, err := topology.ParseWatermark(topology.AppendWatermark(nil, want))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestMalformedFrames(t *testing.T) {
	frame := topology.AppendFrame(nil, 1, []byte("hi"))
	for n := range frame[:9] {
		_, _, err := topology.ParseFrame(frame[:n])
		require.ErrorContains(t, err, "malformed frame")
	}
	mark := topology.AppendWatermark(nil, topology.Watermark{Sub: 1, Task: 2, Tasks: 3})
	for n := range mark {
		_, err := topology.ParseWatermark(mark[:n])
		require.ErrorContains(t, err, "malformed frame", n)
	}
	_, err := topology.ParseWatermark(append(mark, 0))
	require.Error(t, err)
	for _, version := range []byte{0x00, 0x20, 0x12, 0x13, 0xff} {
		frame[0] = version
		_, _, err := topology.ParseFrame(frame)
		require.Error(t, err, "%x", version)
	}
}
