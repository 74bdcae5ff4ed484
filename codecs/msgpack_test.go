package codecs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/abacus-stream/abacus/codecs"
)

// order has fields of every form, some with tags of their own.
type order struct {
	ID     string            `json:"id"`
	Amount int64             `msgpack:"a" json:"amount"`
	Price  float64           `json:"price,omitempty"`
	Tags   []string          `json:"tags"`
	Props  map[string]string `json:"props"`
	Whole  bool
	At     time.Time
}

func TestMsgPackLayouts(t *testing.T) {
	check(t, codecs.MsgPack[point](), point{X: 3, S: "é"}, "\x82\xa1x\x03\xa1s\xa2é")
	check(t, codecs.MsgPack[point](), point{X: -1}, "\x81\xa1x\xff")
	check(t, codecs.MsgPack[int64](), 200, "\xcc\xc8")
	check(t, codecs.MsgPack[int](), 200, "\xcc\xc8")
	check(t, codecs.MsgPack[string](), "", "\xa0")
	check(t, codecs.MsgPack[map[string]string](), map[string]string{"b": "2", "a": "1"}, "\x82\xa1a\xa11\xa1b\xa12")
	check(t, codecs.MsgPack[[]any](), []any{"x", true, 1.5}, "\x93\xa1x\xc3\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00")
}

// TestMsgPackGivesBackWhatItWasGiven: whatever the order holds, and equal orders have equal bytes.
func TestMsgPackGivesBackWhatItWasGiven(t *testing.T) {
	c := codecs.MsgPack[order]()
	rapid.Check(t, func(r *rapid.T) {
		want := order{
			ID: rapid.String().Draw(r, "id"), Amount: rapid.Int64().Draw(r, "amount"), Price: rapid.Float64().Draw(r, "price"),
			Tags:  rapid.SliceOfN(rapid.String(), 1, 20).Draw(r, "tags"),
			Props: rapid.MapOfN(rapid.String(), rapid.String(), 1, 20).Draw(r, "props"),
			Whole: rapid.Bool().Draw(r, "whole"), At: time.UnixMilli(rapid.Int64Range(0, 1e13).Draw(r, "at")),
		}
		data, err := c.Append(nil, want)
		require.NoError(r, err)
		var got order
		require.NoError(r, c.Parse(data, &got))
		require.Equal(r, want, got)
		again, err := c.Append([]byte("head"), got)
		require.NoError(r, err)
		require.Equal(r, "head"+string(data), string(again))
		for _, cut := range []int{0, len(data) / 2, len(data) - 1} {
			require.Error(r, c.Parse(data[:cut], &got))
		}
		require.Equal(r, want, got, "left as it was")
	})
}

func TestMsgPackTakesExactlyOneValueAndAliasesNothing(t *testing.T) {
	c := codecs.MsgPack[map[string]string]()
	old := map[string]string{"old": "1"}
	v := old
	data := []byte("\x81\xa3new\xa12")
	require.NoError(t, c.Parse(data, &v))
	copy(data, "\x81\xa3xxx\xa13")
	require.Equal(t, map[string]string{"new": "2"}, v)
	require.Equal(t, map[string]string{"old": "1"}, old)

	err := c.Parse([]byte("\x80\x80\x80"), &v)
	require.ErrorIs(t, err, codecs.ErrLength)
	require.EqualError(t, err, "codecs: msgpack: parse 3 bytes into map[string]string: wrong length: the value ends 2 bytes before the data")
	err = c.Parse([]byte(`{"json":1}`), &v)
	require.ErrorContains(t, err, "codecs: msgpack: parse 10 bytes into map[string]string: ")
	require.Equal(t, map[string]string{"new": "2"}, v)
}

func TestMsgPackRefusesWhatItCannotHold(t *testing.T) {
	got, err := codecs.MsgPack[chan int]().Append([]byte("kept"), make(chan int))
	require.ErrorContains(t, err, "codecs: msgpack: append chan int: ")
	require.Equal(t, "kept", string(got))
}

func TestMsgPackLeavesTheBytesBeforeIt(t *testing.T) {
	buf := append(make([]byte, 0, 64), "head"...)
	data, err := codecs.MsgPack[string]().Append(buf, strings.Repeat("x", 20))
	require.NoError(t, err)
	require.Equal(t, "head\xb4"+strings.Repeat("x", 20), string(data))
	require.Same(t, &buf[0], &data[0], "grown in place where there is room")
}

// forms are values of every form of MessagePack, none nested deeper than 2, with heads of arrays as their bytes.
var forms = []string{
	"\x05", "\xff", "\xc0", "\xc2", "\xc3", "\xa2xx", "\x82\xa1a\x01\xa1b\x90", "\x92\x01\x80", "\xdb\x00\x00\x27\x10" + strings.Repeat("x", 10_000),
	"\xc4\x02\x91\x91", "\xc5\x00\x01\x91", "\xc6\x00\x00\x00\x01\x91", "\xc7\x02\x05\x91\x91", "\xc8\x00\x01\x05\x91", "\xc9\x00\x00\x00\x01\x05\x91",
	"\xca\x91\x91\x91\x91", "\xcb\x91\x91\x91\x91\x91\x91\x91\x91", "\xcc\x91", "\xcd\x91\x91", "\xce\x91\x91\x91\x91", "\xcf\x91\x91\x91\x91\x91\x91\x91\x91",
	"\xd0\x91", "\xd1\x91\x91", "\xd2\x91\x91\x91\x91", "\xd3\x91\x91\x91\x91\x91\x91\x91\x91", "\xd4\x05\x91", "\xd5\x05\x91\x91", "\xd6\x05\x91\x91\x91\x91",
	"\xd7\x05\x91\x91\x91\x91\x91\x91\x91\x91", "\xd8\x05\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91", "\xd9\x02xx", "\xda\x00\x01x",
	"\xdc\x00\x01\x01", "\xdd\x00\x00\x00\x00", "\xde\x00\x01\xa0\x02", "\xdf\x00\x00\x00\x00",
}

// TestMsgPackRefusesWhatIsNestedTooDeep: the library would take the process down with it.
func TestMsgPackRefusesWhatIsNestedTooDeep(t *testing.T) {
	type one struct{ A int }
	parse := map[string]func(data string) error{
		"any":       func(data string) error { return codecs.MsgPack[[]any]().Parse([]byte(data), new([]any)) },
		"passed by": func(data string) error { return codecs.MsgPack[one]().Parse([]byte("\x81\xa1B"+data), new(one)) },
	}
	for name, parse := range parse {
		around := map[string]int{"any": 10_000, "passed by": 9_999}[name] // the struct is a level too
		// Each form alone and all together come before what is nested; those of another ext are no values of Go.
		for _, before := range append(forms, strings.Join(forms, "")) {
			n := 1
			if len(before) > 10_100 {
				n = len(forms)
			}
			head := "\xdc\x00" + string([]byte{byte(n + 1)}) + before
			require.ErrorContains(t, parse(head+strings.Repeat("\x91", around)+"\xc0"), "nested deeper than 10000", "%s, %x", name, before[:1])
			if err := parse(head + strings.Repeat("\x91", around-1) + "\xc0"); err != nil {
				require.ErrorContains(t, err, "unknown ext id=5", "%s, %x", name, before[:1])
			}
		}
		require.ErrorContains(t, parse(strings.Repeat("\x91", 1<<22)), "nested deeper", name)
	}
	var flat []int
	require.NoError(t, codecs.MsgPack[[]int]().Parse([]byte("\xdc\x4e\x20"+strings.Repeat("\x07", 20_000)), &flat))
	require.Len(t, flat, 20_000)
}

// TestMsgPackRefusesWhatItsHeadsPromise: the library would make room for it first, and end the process.
func TestMsgPackRefusesWhatItsHeadsPromise(t *testing.T) {
	type all struct {
		A map[string]any
		B map[string]string
		C map[int]int
		D []string
		E []byte
		F string
		G any
		H []all
	}
	c := codecs.MsgPack[all]()
	for _, key := range []string{"A", "B", "C", "D", "E", "F", "G", "H", "other"} {
		for _, head := range []string{"\xdf\xff\xff\xff\xff", "\xdd\xff\xff\xff\xff", "\xdb\xff\xff\xff\xff", "\xc6\xff\xff\xff\xff", "\xc9\xff\xff\xff\xff\x05", "\xde\xff\xff", "\xdc\xff\xff", "\x8f", "\x9f", "\xbf", "\xcb", "\xd8\x05", "\xc7"} {
			for _, behind := range []string{"", "\x00", "\xa0\x00"} {
				data := "\x81" + string([]byte{0xa0 | byte(len(key))}) + key + head + behind
				require.ErrorContains(t, c.Parse([]byte(data), new(all)), "into codecs_test.all: cut off", "%x", data)
			}
		}
	}
	require.EqualError(t, c.Parse([]byte("\x81\xa1G\xc1"), new(all)), "codecs: msgpack: parse 4 bytes into codecs_test.all: no value begins with 0xc1, at byte 3")
	require.ErrorContains(t, c.Parse(nil, new(all)), "cut off")
}

// TestMsgPackThatFitsTheTypeIllIsAnError: a record is bad, the process is not.
func TestMsgPackThatFitsTheTypeIllIsAnError(t *testing.T) {
	err := codecs.MsgPack[map[any]int]().Parse([]byte("\x81\xc4\x01x\x01"), new(map[any]int))
	require.ErrorContains(t, err, "codecs: msgpack: parse 5 bytes into map[interface {}]int: it does not fit the type: ")
	type holder struct{ E interface{ Len() int } }
	err = codecs.MsgPack[holder]().Parse([]byte("\x81\xa1E\xa1x"), new(holder))
	require.ErrorContains(t, err, "it does not fit the type: ")
	err = codecs.MsgPack[int64]().Parse([]byte("\xa1x"), new(int64))
	require.ErrorContains(t, err, "codecs: msgpack: parse 2 bytes into int64: msgpack: ")
}
