package codecs_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/twmb/franz-go/pkg/sr"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/abacus-stream/abacus/codecs"
)

// page is a value whose JSON leaves out what is zero.
type page struct {
	URL   string `json:"url"`
	Views int    `json:"views,omitempty"`
}

// pages is the codec of the package's doc.
type pages struct{}

func (pages) Append(dst []byte, p page) ([]byte, error) {
	data, err := json.Marshal(p)
	return append(dst, data...), err
}

func (pages) Parse(data []byte, p *page) error {
	var fresh page // not into p itself
	if err := json.Unmarshal(data, &fresh); err != nil {
		return err
	}
	*p = fresh
	return nil
}

// A codec of your own: one value serves for several records, and nothing of an earlier one is left.
func ExampleCodec() {
	var codec codecs.Codec[page] = pages{}
	var p page
	for _, data := range []string{`{"url":"/cart","views":300}`, `{"url":"/help"}`} {
		err := codec.Parse([]byte(data), &p)
		fmt.Println(p, err)
	}
	// Output:
	// {/cart 300} <nil>
	// {/help 0} <nil>
}

// The types of JSON serve as they are.
func ExampleMsgPack() {
	codec := codecs.MsgPack[page]()
	data, err := codec.Append(nil, page{URL: "/cart", Views: 300})
	fmt.Printf("%q %v\n", data, err)

	var back page
	err = codec.Parse(data, &back)
	fmt.Println(back, err)
	// Output:
	// "\x82\xa3url\xa5/cart\xa5views\xcd\x01," <nil>
	// {/cart 300} <nil>
}

// The values of the stream are pointers to the generated type.
func ExampleProto() {
	codec := codecs.Proto[wrapperspb.StringValue]()
	data, err := codec.Append(nil, wrapperspb.String("abc"))
	fmt.Printf("%q %v\n", data, err)

	var back *wrapperspb.StringValue
	err = codec.Parse(data, &back)
	fmt.Println(back.GetValue(), err)
	// Output:
	// "\n\x03abc" <nil>
	// abc <nil>
}

// The newest schema of the subject is what values are written with.
func ExampleFramed() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"subject":"pages-value","version":3,"id":258,"schemaType":"JSON","schema":"{}"}`)
	}))
	defer server.Close()
	registry, err := sr.NewClient(sr.URLs(server.URL))
	if err != nil {
		panic(err)
	}
	codec, err := codecs.Framed(codecs.JSON[[]int](), codecs.Frame{Registry: registry, Subject: "pages-value"})
	if err != nil {
		panic(err)
	}
	data, err := codec.Append(nil, []int{1, 2})
	fmt.Printf("%q %v\n", data, err)

	var back []int
	err = codec.Parse(data, &back)
	fmt.Println(back, err)
	fmt.Println(codec.Parse([]byte("[1,2]"), &back))
	// Output:
	// "\x00\x00\x00\x01\x02[1,2]" <nil>
	// [1 2] <nil>
	// codecs: frame of "pages-value": parse 5 bytes: the first byte is 0x5b, want 0: was it written without a schema registry?
}
