package codecs_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/twmb/franz-go/pkg/sr"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/abacus-stream/abacus/codecs"
)

// The types of JSON serve as they are.
func ExampleMsgPack() {
	type page struct {
		URL   string `json:"url"`
		Views int    `json:"views,omitempty"`
	}
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
