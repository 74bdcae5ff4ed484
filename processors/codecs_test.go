package processors_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// shopping is a row that is kept in MessagePack.
type shopping struct {
	Items []string `json:"items"`
}

// TestCodecsInATopology: a source in a registry's frame, a store in MessagePack, a sink in Protobuf, over a restart from the changelog.
func TestCodecsInATopology(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/9") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"error_code":40403,"message":"Schema not found"}`)
			return
		}
		_, _ = io.WriteString(w, `{"subject":"items-value","version":1,"id":7,"schemaType":"JSON","schema":"{}"}`)
	}))
	defer server.Close()
	registry, err := sr.NewClient(sr.URLs(server.URL))
	require.NoError(t, err)
	items, err := codecs.Framed(codecs.JSON[string](), codecs.Frame{Registry: registry, Subject: "items-value"})
	require.NoError(t, err)

	var b topology.Builder
	in := topology.From(&b, "items", codecs.String, items)
	baskets := processors.Aggregate(in, "baskets", codecs.MsgPack[shopping](), func(row shopping, _, item string) (shopping, error) {
		row.Items = append(row.Items, item)
		return row, nil
	})
	texts := processors.MapValues(baskets, "texts", func(row shopping) *wrapperspb.StringValue { return wrapperspb.String(strings.Join(row.Items, "+")) })
	topology.To(topology.WithCodecs(texts, codecs.String, codecs.Proto[wrapperspb.StringValue]()), "texts")
	topo, err := b.Build("app")
	require.NoError(t, err)
	d := topologytest.New(t, topo, topologytest.Config{})
	put := func(value string) {
		d.Pipe("items", []byte("ann"), []byte(value))
		d.Run()
	}
	put("\x00\x00\x00\x00\x07\"pear\"")
	put(`"unframed"`)
	d.Wipe()
	put("\x00\x00\x00\x00\x09\"unknown\"")
	put("\x00\x00\x00\x00\x07\"fig\"")

	require.Equal(t, map[string][]byte{"ann": []byte("\x0a\x08pear+fig")}, d.Last("texts"))
	require.Contains(t, string(d.Last("app-baskets-changelog")["ann"]), "\x81\xa5items\x92\xa4pear\xa3fig", "behind the row's head")
	var errs []string
	for _, rec := range d.Records("app.dlq") {
		errs = append(errs, rec.HeaderMap()["abacus.error"])
	}
	require.Len(t, errs, 2)
	require.Contains(t, errs[0], "the first byte is 0x22, want 0: was it written without a schema registry?")
	require.Contains(t, errs[1], "schema 9: not in the registry at 127.0.0.1:")
}
