package codecs_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/abacus-stream/abacus/codecs"
)

func TestProtoHasTheWireFormat(t *testing.T) {
	var codec codecs.Codec[*wrapperspb.StringValue] = codecs.Proto[wrapperspb.StringValue]()
	data, err := codec.Append([]byte("head "), wrapperspb.String("abc"))
	require.NoError(t, err)
	require.Equal(t, "head \x0a\x03abc", string(data))

	var v *wrapperspb.StringValue
	require.NoError(t, codec.Parse(data[5:], &v))
	data[7] = 'X'
	require.Equal(t, "abc", v.GetValue(), "aliases nothing")
}

// TestProtoOfEqualMessagesIsEqual: maps are the part of Protobuf that has no order of its own.
func TestProtoOfEqualMessagesIsEqual(t *testing.T) {
	c := codecs.Proto[structpb.Struct]()
	fields := map[string]any{}
	for _, key := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		fields[key] = key
	}
	first, err := structpb.NewStruct(fields)
	require.NoError(t, err)
	want, err := c.Append(nil, first)
	require.NoError(t, err)
	for range 20 {
		var back *structpb.Struct
		require.NoError(t, c.Parse(want, &back))
		require.True(t, proto.Equal(first, back))
		got, err := c.Append(nil, back)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestProtoStartsAfreshAndKeepsWhatItHadOnAnError(t *testing.T) {
	c := codecs.Proto[wrapperspb.StringValue]()
	old := wrapperspb.String("old")
	v := old
	require.NoError(t, c.Parse(nil, &v))
	require.Empty(t, v.GetValue())
	require.Equal(t, "old", old.GetValue())
	err := c.Parse([]byte("\x0a\x03ab"), &v)
	require.ErrorContains(t, err, "codecs: proto: parse 4 bytes into *wrapperspb.StringValue: ")
	require.Empty(t, v.GetValue())
}

// TestProtoKeepsUnknownFields: a reader of an older schema that writes the message on loses nothing.
func TestProtoKeepsUnknownFields(t *testing.T) {
	c := codecs.Proto[wrapperspb.StringValue]()
	newer := "\x0a\x01a\x10\x07"
	var v *wrapperspb.StringValue
	require.NoError(t, c.Parse([]byte(newer), &v))
	data, err := c.Append(nil, v)
	require.NoError(t, err)
	require.Equal(t, newer, string(data))
}

func TestProtoSaysWhatItCannotWrite(t *testing.T) {
	c := codecs.Proto[wrapperspb.StringValue]()
	got, err := c.Append([]byte("kept"), nil)
	require.EqualError(t, err, "codecs: proto: append *wrapperspb.StringValue: a nil message; to delete a row, forward a tombstone")
	require.Equal(t, "kept", string(got))
	got, err = c.Append([]byte("kept"), wrapperspb.String("\xff"))
	require.ErrorContains(t, err, "codecs: proto: append *wrapperspb.StringValue: ")
	require.Equal(t, "kept", string(got))

	_, err = c.Encode("abc")
	require.EqualError(t, err, "codecs.ProtoCodec[google.golang.org/protobuf/types/known/wrapperspb.StringValue,*google.golang.org/protobuf/types/known/wrapperspb.StringValue]: encode string: wrong type, want *wrapperspb.StringValue")
	data, err := c.Encode(wrapperspb.String("abc"))
	require.NoError(t, err)
	v, err := c.Decode(data)
	require.NoError(t, err)
	require.Equal(t, "abc", v.(*wrapperspb.StringValue).GetValue())
}
