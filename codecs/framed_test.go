package codecs_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/abacus-stream/abacus/codecs"
)

var (
	pointSchema  = sr.Schema{Type: sr.TypeJSON, Schema: `{"type":"object","properties":{"x":{"type":"integer"}}}`}
	pointSchema2 = sr.Schema{Type: sr.TypeJSON, Schema: `{"type":"object","properties":{"x":{"type":"integer"},"s":{"type":"string"}}}`}
	wrapSchema   = sr.Schema{Type: sr.TypeProtobuf, Schema: `syntax = "proto3"; message DoubleValue {}`}
	avroSchema   = sr.Schema{Type: sr.TypeAvro, Schema: `"long"`}
)

func framed[V any](t *testing.T, inner codecs.Codec[V], frame codecs.Frame) codecs.FramedCodec[V] {
	t.Helper()
	c, err := codecs.Framed(inner, frame)
	require.NoError(t, err)
	return c
}

func TestFramedJSON(t *testing.T) {
	r := newRegistry(t)
	r.add("other-value", avroSchema)
	r.add("points-value", pointSchema)
	c := framed(t, codecs.JSON[point](), codecs.Frame{Registry: r.Client, Subject: "points-value"})
	check(t, c, point{X: 3}, "\x00\x00\x00\x00\x02{\"x\":3}")
	require.Equal(t, []string{"GET /subjects/points-value/versions/latest"}, r.requests())
}

// TestFramedAsksOnceForEachSchema: however many records there are, of however many goroutines.
func TestFramedAsksOnceForEachSchema(t *testing.T) {
	r := newRegistry(t)
	r.add("points-value", pointSchema)
	r.add("points-value", pointSchema2)
	c := framed(t, codecs.JSON[point](), codecs.Frame{Registry: r.Client, Subject: "points-value", Schema: pointSchema})
	require.Equal(t, []string{"POST /subjects/points-value"}, r.requests())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				var old, newer point
				if err := errors.Join(c.Parse([]byte("\x00\x00\x00\x00\x01{\"x\":1}"), &old), c.Parse([]byte("\x00\x00\x00\x00\x02{\"x\":2,\"s\":\"b\"}"), &newer)); err != nil {
					t.Error(err)
				}
				if old != (point{X: 1}) || newer != (point{2, "b"}) {
					t.Error(old, newer)
				}
			}
		})
	}
	all.Wait()
	require.Equal(t, []string{"GET /schemas/ids/2"}, r.requests())
	r.answers(http.StatusServiceUnavailable)
	data, err := c.Append(nil, point{X: 1})
	require.NoError(t, err)
	var v point
	require.NoError(t, c.Parse(data, &v))
	require.Empty(t, r.requests(), "what is known needs no registry")
}

func TestFramedRegistersItsSchema(t *testing.T) {
	r := newRegistry(t)
	frame := codecs.Frame{Registry: r.Client, Subject: "points-value", Schema: pointSchema}
	_, err := codecs.Framed(codecs.JSON[point](), frame)
	require.ErrorContains(t, err, `codecs: frame of "points-value": not in the registry at 127.0.0.1:`)
	require.ErrorContains(t, err, "Schema not found: register the schema first, or set Register")
	require.NotErrorIs(t, err, codecs.ErrRegistry)
	frame.Register = true
	for range 2 {
		check(t, framed(t, codecs.JSON[point](), frame), point{X: 3}, "\x00\x00\x00\x00\x01{\"x\":3}")
	}
	require.Len(t, r.schemas, 1)
}

// TestFramedProtobufHasTheMessageIndex: 0 alone for the first message of its file, else a count and the places.
func TestFramedProtobufHasTheMessageIndex(t *testing.T) {
	r := newRegistry(t)
	frame := codecs.Frame{Registry: r.Client, Subject: "wrappers-value", Schema: wrapSchema, Register: true}
	first := framed(t, codecs.Proto[wrapperspb.DoubleValue](), frame)
	data, err := first.Append(nil, wrapperspb.Double(1.5))
	require.NoError(t, err)
	require.Equal(t, "\x00\x00\x00\x00\x01\x00\x09\x00\x00\x00\x00\x00\x00\xf8\x3f", string(data))
	var d *wrapperspb.DoubleValue
	require.NoError(t, first.Parse(data, &d))
	require.NoError(t, first.Parse([]byte("\x00\x00\x00\x00\x01\x02\x00\x09\x00\x00\x00\x00\x00\x00\xf8\x3f"), &d), "the long form of 0")
	require.Equal(t, 1.5, d.GetValue())

	text := framed(t, codecs.Proto[wrapperspb.StringValue](), frame)
	data, err = text.Append(nil, wrapperspb.String("abc"))
	require.NoError(t, err)
	require.Equal(t, "\x00\x00\x00\x00\x01\x02\x0e\x0a\x03abc", string(data), "message 7 of its file")
	var s *wrapperspb.StringValue
	require.NoError(t, text.Parse(data, &s))
	require.Equal(t, "abc", s.GetValue())
	require.EqualError(t, first.Parse(data, &d), `codecs: frame of "wrappers-value": parse 12 bytes: schema 1: message index [7], want [0]: the record holds another message of the schema, or none`)
	for _, bad := range []string{"\x04\x00\x00", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x01", "", "\x80"} {
		require.ErrorContains(t, first.Parse([]byte("\x00\x00\x00\x00\x01"+bad), &d), "want [0]", "%x", bad)
	}

	list := framed(t, codecs.Proto[structpb.ListValue](), codecs.Frame{Registry: r.Client, Subject: "wrappers-value", Index: []int{2, 1}})
	data, err = list.Append(nil, &structpb.ListValue{})
	require.NoError(t, err)
	require.Equal(t, "\x00\x00\x00\x00\x01\x04\x04\x02", string(data))
}

func TestFramedSaysWhatIsWrongWithARecord(t *testing.T) {
	r := newRegistry(t)
	r.add("points-value", pointSchema)
	r.add("other-value", avroSchema)
	c := framed(t, codecs.JSON[point](), codecs.Frame{Registry: r.Client, Subject: "points-value"})
	r.requests()
	v := point{X: 7}
	for range 3 {
		for data, want := range map[string]string{
			"":                                  `codecs: frame of "points-value": parse 0 bytes: wrong length, want a frame of 5 bytes at least: was it written without a schema registry?`,
			"\x00\x00\x00\x00":                  `codecs: frame of "points-value": parse 4 bytes: wrong length, want a frame of 5 bytes at least: was it written without a schema registry?`,
			`{"x":3}`:                           `codecs: frame of "points-value": parse 7 bytes: the first byte is 0x7b, want 0: was it written without a schema registry?`,
			"\x00\x00\x00\x00\x02\x06":          `codecs: frame of "points-value": parse 6 bytes: schema 2: it is AVRO, want JSON: records of another format are in the topic`,
			"\x00\x00\x00\x00\x01{\"x\":\"a\"}": `codecs: frame of "points-value": schema 1: codecs: json: parse 9 bytes into codecs_test.point: json: cannot unmarshal string into Go struct field point.x of type int`,
		} {
			require.EqualError(t, c.Parse([]byte(data), &v), want)
		}
		err := c.Parse([]byte("\x00\x00\x00\x00\x09{}"), &v)
		require.ErrorContains(t, err, `codecs: frame of "points-value": parse 7 bytes: schema 9: not in the registry at 127.0.0.1:`)
		require.ErrorContains(t, err, "Schema not found: does the producer use another registry?")
	}
	require.Equal(t, point{X: 7}, v, "left as it was")
	require.ElementsMatch(t, []string{"GET /schemas/ids/2", "GET /schemas/ids/9"}, r.requests(), "what is wrong is asked once, too")

	_, err := framed(t, codecs.JSON[any](), codecs.Frame{Registry: r.Client, Subject: "points-value"}).Append(nil, make(chan int))
	require.ErrorContains(t, err, `codecs: frame of "points-value": codecs: json: append chan int: `)
}

// TestFramedTellsAnAwayRegistryFromABadRecord: the record is read once the registry is back.
func TestFramedTellsAnAwayRegistryFromABadRecord(t *testing.T) {
	r := newRegistry(t)
	r.add("points-value", pointSchema)
	r.add("points-value", pointSchema2)
	c := framed(t, codecs.JSON[point](), codecs.Frame{Registry: r.Client, Subject: "points-value", Schema: pointSchema})
	record := []byte("\x00\x00\x00\x00\x02{\"x\":2}")
	var v point
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusInternalServerError, http.StatusUnauthorized} {
		r.answers(status)
		require.ErrorIs(t, c.Parse(record, &v), codecs.ErrRegistry)
	}
	r.answers(0)
	require.NoError(t, c.Parse(record, &v))
	require.Equal(t, point{X: 2}, v)

	gone, err := sr.NewClient(sr.URLs("http://127.0.0.1:1"))
	require.NoError(t, err)
	_, err = codecs.Framed(codecs.JSON[point](), codecs.Frame{Registry: gone, Subject: "points-value"})
	require.ErrorIs(t, err, codecs.ErrRegistry)
	require.ErrorContains(t, err, `codecs: frame of "points-value": no answer from the schema registry: `)
	require.ErrorContains(t, err, "127.0.0.1:1")
}

func TestFramedRefusesWhatDoesNotFit(t *testing.T) {
	r := newRegistry(t)
	r.add("points-value", avroSchema)
	_, err := codecs.Framed(codecs.JSON[point](), codecs.Frame{Registry: r.Client, Subject: "points-value"})
	require.EqualError(t, err, `codecs: frame of "points-value": schema 1 is AVRO, the codec writes JSON: take the codec of the one or the schema of the other`)
	_, err = codecs.Framed(codecs.Proto[wrapperspb.DoubleValue](), codecs.Frame{Registry: r.Client, Subject: "points-value"})
	require.ErrorContains(t, err, "the codec writes PROTOBUF")
	check(t, framed(t, codecs.Int64, codecs.Frame{Registry: r.Client, Subject: "points-value"}), 1, "\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01")

	_, err = codecs.Framed(codecs.JSON[point](), codecs.Frame{Register: true, Index: []int{1, -1}})
	require.EqualError(t, err, `codecs: frame without a Registry: give it one of sr.NewClient
codecs: frame without a Subject: it names the schemas of a topic, as orders-value
codecs: frame of "": Register without the text of a Schema
codecs: frame of "": Index [1 -1]: want the places of a message and those around it, from 0`)
	r.answers(http.StatusConflict)
	_, err = codecs.Framed(codecs.JSON[point](), codecs.Frame{Registry: r.Client, Subject: "points-value", Schema: pointSchema, Register: true})
	require.ErrorContains(t, err, "refuses the schema, see the compatibility level of the subject")
	r.answers(http.StatusUnprocessableEntity)
	_, err = codecs.Framed(codecs.JSON[point](), codecs.Frame{Registry: r.Client, Subject: "points-value", Schema: pointSchema, Register: true})
	require.ErrorContains(t, err, "cannot read the schema")
}

func TestFramedCheckDecidesWhatIsRead(t *testing.T) {
	r := newRegistry(t)
	r.add("points-value", pointSchema)
	r.add("points-value", pointSchema2)
	asked := 0
	c := framed(t, codecs.JSON[point](), codecs.Frame{Registry: r.Client, Subject: "points-value", Schema: pointSchema, Check: func(s sr.Schema) error {
		asked++
		if s.Schema != pointSchema.Schema {
			return errors.New("too new")
		}
		return nil
	}})
	var v point
	for range 3 {
		require.EqualError(t, c.Parse([]byte("\x00\x00\x00\x00\x02{}"), &v), `codecs: frame of "points-value": parse 7 bytes: schema 2: too new`)
	}
	require.Equal(t, 1, asked)
}

func TestFramedAllocatesNothingOfItsOwn(t *testing.T) {
	r := newRegistry(t)
	r.add("numbers-value", avroSchema)
	c := framed(t, codecs.Int64, codecs.Frame{Registry: r.Client, Subject: "numbers-value"})
	buf, v := make([]byte, 0, 64), new(int64)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		buf, _ = c.Append(buf[:0], 42)
		_ = c.Parse(buf, v)
	}))
	require.EqualValues(t, 42, *v)
}
