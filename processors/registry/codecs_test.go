package registry_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/lovoo/goka"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// basket is a row of a program of goka's.
type basket struct {
	Items []string `json:"items"`
}

// Every codec of a topic serves goka as it is.
var (
	_ goka.Codec = codecs.Bytes
	_ goka.Codec = codecs.String
	_ goka.Codec = codecs.Int64
	_ goka.Codec = codecs.Float64
	_ goka.Codec = codecs.JSON[basket]()
	_ goka.Codec = codecs.MsgPack[basket]()
	_ goka.Codec = codecs.Proto[wrapperspb.StringValue]()
	_ goka.Codec = codecs.FramedCodec[basket]{}
	_ goka.Codec = event.Codec
	_ goka.Codec = event.Judged
	_ goka.Codec = result.Codec
	_ goka.Codec = decision.Codec
	_ goka.Codec = processors.WindowedCodec[string]{}
	_ goka.Codec = experiment.EntryCodec{}
)

// framed is a codec in the frame of a schema registry that answers with one schema.
func framed(t *testing.T) codecs.FramedCodec[basket] {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"subject":"baskets-value","version":1,"id":258,"schemaType":"JSON","schema":"{}"}`)
	}))
	t.Cleanup(server.Close)
	client, err := sr.NewClient(sr.URLs(server.URL))
	require.NoError(t, err)
	codec, err := codecs.Framed(codecs.JSON[basket](), codecs.Frame{Registry: client, Subject: "baskets-value"})
	require.NoError(t, err)
	return codec
}

// TestCodecsServeGoka: through goka's interface alone a value comes back as it was, and one of another type is refused.
func TestCodecsServeGoka(t *testing.T) {
	fruit := basket{Items: []string{"pear", "fig"}}
	visit := event.Event{ID: []byte("e1"), Type: []byte("visit"), Unit: []byte("u1"), Time: 1767225600000}
	stop := &decision.Record{V: decision.Version, Experiment: "button", Run: 1, Action: decision.Stop, Metric: "errors", Variant: "red", E: result.Num(20)}
	stop.ID = decision.ID(stop.Experiment, stop.Run, stop.Metric, stop.Variant)
	cases := []struct {
		name  string
		codec goka.Codec
		value any
		data  string // what lies in the topic; empty: as long as the value comes back
	}{
		{"Bytes", codecs.Bytes, []byte("\x00\xff"), "\x00\xff"},
		{"String", codecs.String, "żółw", "żółw"},
		{"Int64", codecs.Int64, int64(-2), "\xff\xff\xff\xff\xff\xff\xff\xfe"},
		{"Float64", codecs.Float64, 1.5, "\x3f\xf8\x00\x00\x00\x00\x00\x00"},
		{"JSON", codecs.JSON[basket](), fruit, `{"items":["pear","fig"]}`},
		{"MsgPack", codecs.MsgPack[basket](), fruit, "\x81\xa5items\x92\xa4pear\xa3fig"},
		{"Proto", codecs.Proto[wrapperspb.StringValue](), wrapperspb.String("abc"), "\x0a\x03abc"},
		{"Framed", framed(t), fruit, "\x00\x00\x00\x01\x02" + `{"items":["pear","fig"]}`},
		{"event", event.Codec, visit, ""},
		{"event, judged", event.Judged, visit, ""},
		{"result", result.Codec, &result.Record{V: result.Version, Experiment: "button", Run: 1, Grain: result.Total, Metrics: map[string]result.Metric{}}, ""},
		{"decision", decision.Codec, stop, ""},
		{"Windowed", processors.WindowedCodec[string]{Key: codecs.String}, processors.Windowed[string]{Key: "ann", Start: 0, End: 60000},
			"\x01\x80\x00\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00\x00\x00\xea\x60ann"},
		{"Entry", experiment.EntryCodec{}, &experiment.Entry{Experiment: "button", Run: 1, State: experiment.Draft}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			data, err := c.codec.Encode(c.value)
			require.NoError(t, err)
			require.NotEmpty(t, data)
			if c.data != "" {
				require.Equal(t, c.data, string(data))
			}
			back, err := c.codec.Decode(data)
			require.NoError(t, err)
			require.IsType(t, c.value, back)
			if want, ok := c.value.(proto.Message); ok {
				require.True(t, proto.Equal(want, back.(proto.Message)), back)
			} else {
				require.Equal(t, c.value, back)
			}

			_, err = c.codec.Encode(struct{}{})
			require.ErrorIs(t, err, codecs.ErrType)
			_, err = c.codec.Encode(nil)
			require.ErrorIs(t, err, codecs.ErrType)
		})
	}
}
