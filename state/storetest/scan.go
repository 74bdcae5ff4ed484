package storetest

import (
	"slices"
	"testing"

	"github.com/abacus-stream/abacus/state"
	"github.com/stretchr/testify/require"
)

func scanOrder(t *testing.T, store state.Store, _ reopener) {
	for _, key := range []string{"b", "\xff\xff", "", "a\x00", "ba", "a", "\x00", "\xff"} {
		put(t, store, key, "x")
	}
	for _, c := range []struct {
		name     string
		from, to []byte
		want     []string
	}{
		{"all", nil, nil, []string{"", "\x00", "a", "a\x00", "b", "ba", "\xff", "\xff\xff"}},
		{"empty bounds are open", []byte{}, []byte{}, []string{"", "\x00", "a", "a\x00", "b", "ba", "\xff", "\xff\xff"}},
		{"from is in", []byte("b"), nil, []string{"b", "ba", "\xff", "\xff\xff"}},
		{"to is out", nil, []byte("a\x00"), []string{"", "\x00", "a"}},
		{"between", []byte("a"), []byte("b"), []string{"a", "a\x00"}},
		{"bounds that are no keys", []byte("aa"), []byte("bb"), []string{"b", "ba"}},
		{"beyond", []byte("\xff\xff\x00"), nil, nil},
		{"nothing between", []byte("c"), []byte("d"), nil},
		{"equal bounds", []byte("a"), []byte("a"), nil},
		{"inverted bounds", []byte("b"), []byte("a"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			require.NoError(t, store.Scan(c.from, c.to, func(key, _ []byte) bool {
				got = append(got, string(key))
				return true
			}))
			require.Equal(t, c.want, got)
			var back []string
			require.NoError(t, store.ScanBack(c.from, c.to, func(key, _ []byte) bool {
				back = append(back, string(key))
				return true
			}))
			slices.Reverse(back)
			require.Equal(t, c.want, back)
		})
	}
}

func scanVisit(t *testing.T, store state.Store, _ reopener) {
	for _, key := range []string{"a", "b", "c", "d"} {
		put(t, store, key, "value of "+key)
	}
	var got []string
	require.NoError(t, store.Scan([]byte("a"), []byte("d"), func(key, value []byte) bool {
		other, ok, err := store.Get([]byte("d"))
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, "value of d", string(other))
		inner := 0
		require.NoError(t, store.Scan(key, nil, func(_, _ []byte) bool {
			inner++
			return inner < 2
		}))
		require.Equal(t, 2, inner)
		got = append(got, string(key)+"="+string(value))
		return string(key) != "b"
	}))
	require.Equal(t, []string{"a=value of a", "b=value of b"}, got)
}

func buffersReused(t *testing.T, store state.Store, _ reopener) {
	var b state.Batch
	key, value := []byte("ann"), []byte("first")
	b.Put(key, value)
	b.SetCheckpoint(state.Checkpoint{ChangelogOffset: 1})
	copy(key, "bob")
	copy(value, "other")
	require.NoError(t, store.Apply(&b))
	b.Reset()
	require.Zero(t, b.Len())
	require.Zero(t, b.Bytes())
	b.Put(key, value)
	require.NoError(t, store.Apply(&b))
	requireRows(t, store, "ann=first", "bob=other")
	requireCheckpoint(t, store, state.Checkpoint{ChangelogOffset: 1})
}
