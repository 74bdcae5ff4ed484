package codecs_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
)

// untyped is the shape of goka's codec.
type untyped interface {
	Encode(value any) ([]byte, error)
	Decode(data []byte) (any, error)
}

// both is what every codec of this package is.
type both[V any] interface {
	codecs.Codec[V]
	untyped
}

type point struct {
	X int    `json:"x"`
	S string `json:"s,omitempty"`
}

// infer stands for topology.From: V comes from the methods of the argument.
func infer[V any](codecs.Codec[V]) (v V) { return v }

func TestTypesAreInferredFromTheCodec(t *testing.T) {
	var (
		s string  = infer(codecs.String)
		b []byte  = infer(codecs.Bytes)
		i int64   = infer(codecs.Int64)
		f float64 = infer(codecs.Float64)
		p point   = infer(codecs.JSON[point]())
	)
	require.Equal(t, "[] 0 0 {0 }", fmt.Sprint(s, b, i, f, p))
}

func check[V any](t *testing.T, c both[V], v V, want string) {
	t.Helper()
	got, err := c.Append([]byte("head "), v)
	require.NoError(t, err)
	require.Equal(t, "head "+want, string(got))

	var back V
	require.NoError(t, c.Parse([]byte(want), &back))
	require.Equal(t, v, back)

	loose, err := c.Encode(v)
	require.NoError(t, err)
	require.Equal(t, want, string(loose))
	decoded, err := c.Decode([]byte(want))
	require.NoError(t, err)
	require.Equal(t, any(v), decoded)

	_, err = c.Encode(struct{}{})
	require.ErrorIs(t, err, codecs.ErrType)
	_, err = c.Encode(nil)
	require.ErrorIs(t, err, codecs.ErrType)
}

func TestLayouts(t *testing.T) {
	check(t, codecs.Bytes, []byte("\x00\xff"), "\x00\xff")
	check(t, codecs.String, "", "")
	check(t, codecs.String, "żółw", "żółw")
	check(t, codecs.Int64, 1, "\x00\x00\x00\x00\x00\x00\x00\x01")
	check(t, codecs.Int64, -2, "\xff\xff\xff\xff\xff\xff\xff\xfe")
	check(t, codecs.Int64, math.MinInt64, "\x80\x00\x00\x00\x00\x00\x00\x00")
	check(t, codecs.Float64, 1.5, "\x3f\xf8\x00\x00\x00\x00\x00\x00")
	check(t, codecs.Float64, math.Inf(-1), "\xff\xf0\x00\x00\x00\x00\x00\x00")
	check(t, codecs.JSON[point](), point{X: 3, S: "a<b&c"}, `{"x":3,"s":"a<b&c"}`)
	check(t, codecs.JSON[map[string]int](), map[string]int{"b": 2, "a": 1}, `{"a":1,"b":2}`)
}

func TestWrongLength(t *testing.T) {
	for _, data := range [][]byte{nil, {}, make([]byte, 7), make([]byte, 9)} {
		i, f := int64(5), 5.0
		require.ErrorIs(t, codecs.Int64.Parse(data, &i), codecs.ErrLength)
		require.ErrorIs(t, codecs.Float64.Parse(data, &f), codecs.ErrLength)
		require.EqualValues(t, 5, i)
		require.EqualValues(t, 5, f)
		_, err := codecs.Int64.Decode(data)
		require.ErrorIs(t, err, codecs.ErrLength)
	}
}

func TestErrorsSayWhere(t *testing.T) {
	var i int64
	require.EqualError(t, codecs.Int64.Parse(make([]byte, 3), &i), "codecs: int64: parse 3 bytes: wrong length, want 8")
	_, err := codecs.String.Encode(7)
	require.EqualError(t, err, "codecs.StringCodec: encode int: wrong type, want string")
}

func TestBytesAliasAndStringCopies(t *testing.T) {
	data := []byte("abc")
	var b []byte
	var s string
	require.NoError(t, codecs.Bytes.Parse(data, &b))
	require.NoError(t, codecs.String.Parse(data, &s))
	data[0] = 'x'
	require.Equal(t, "xbc", string(b))
	require.Equal(t, "abc", s)
}

func TestFloat64KeepsEveryBit(t *testing.T) {
	for _, bits := range []uint64{0x8000000000000000, 0x7ff8000000000001, 1, 0x3fb999999999999a} {
		data, err := codecs.Float64.Append(nil, math.Float64frombits(bits))
		require.NoError(t, err)
		var f float64
		require.NoError(t, codecs.Float64.Parse(data, &f))
		require.Equal(t, bits, math.Float64bits(f))
	}
}

func TestJSONStartsAfresh(t *testing.T) {
	c := codecs.JSON[map[string]int]()
	old := map[string]int{"old": 1}
	v := old
	require.NoError(t, c.Parse([]byte(`{"new":2}`), &v))
	require.Equal(t, map[string]int{"new": 2}, v)
	require.Equal(t, map[string]int{"old": 1}, old)
	require.Error(t, c.Parse([]byte(`{"new":`), &v))
	require.Error(t, c.Parse([]byte(`{} {}`), &v))
	require.Equal(t, map[string]int{"new": 2}, v)
}

func TestJSONRefusesNaN(t *testing.T) {
	got, err := codecs.JSON[float64]().Append([]byte("kept"), math.NaN())
	require.Error(t, err)
	require.Equal(t, "kept", string(got))
}

func TestNoAllocation(t *testing.T) {
	buf := make([]byte, 0, 64)
	var i int64
	var b []byte
	require.Zero(t, testing.AllocsPerRun(100, func() {
		buf, _ = codecs.Int64.Append(buf[:0], 42)
		_ = codecs.Int64.Parse(buf, &i)
		_ = codecs.Bytes.Parse(buf, &b)
		buf, _ = codecs.String.Append(buf[:0], "text")
	}))
}
