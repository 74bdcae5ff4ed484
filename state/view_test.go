package state_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
)

// A view gives the keys behind a prefix within bounds, both ways and from any place on, and counts what it looks at.
func TestViewsKeepToTheirBounds(t *testing.T) {
	store, batch := memory.New().Store("s"), &state.Batch{}
	for _, key := range []string{"m", "n", "na", "nab", "nb", "o", "\x00trim"} {
		batch.Put([]byte(key), []byte("x"))
	}
	require.NoError(t, store.Apply(batch))
	for _, c := range []struct {
		prefix string
		b      state.Bounds
		want   string
	}{
		{"", state.Bounds{}, `["m" "n" "na" "nab" "nb" "o"]`},
		{"n", state.Bounds{}, `["" "a" "ab" "b"]`},
		{"n", state.Bounds{Reverse: true}, `["b" "ab" "a" ""]`},
		{"n", state.Bounds{From: []byte("a"), To: []byte("b")}, `["a" "ab"]`},
		{"n", state.Bounds{Key: []byte("a"), From: []byte("b")}, `["a"]`},
		{"n", state.Bounds{Key: []byte{}}, `[""]`},
		{"n", state.Bounds{After: []byte{}}, `["a" "ab" "b"]`},
		{"n", state.Bounds{After: []byte("a")}, `["ab" "b"]`},
		{"n", state.Bounds{After: []byte("ab"), Reverse: true}, `["a" ""]`},
		{"n", state.Bounds{After: []byte{}, Reverse: true}, `[]`},
		{"", state.Bounds{After: []byte("n"), Reverse: true}, `["m"]`},
		{"n", state.Bounds{Key: []byte("a"), After: []byte("a")}, `[]`},
		{"n", state.Bounds{Key: []byte("a"), After: []byte("a"), Reverse: true}, `[]`},
	} {
		v := state.StandbyView(store, 0)
		got := []string{}
		require.NoError(t, v.Records([]byte(c.prefix), c.b, func(record, _ []byte) bool {
			got = append(got, string(record))
			return true
		}))
		require.Equal(t, c.want, fmt.Sprintf("%q", got), "%q %+v", c.prefix, c.b)
		require.GreaterOrEqual(t, v.Reads, len(got))
	}
}

// Versions are read through a view as through the table, as of any time.
func TestAViewTellsVersions(t *testing.T) {
	table := state.NewTable("versions", 0, memory.New().Store("s"), 0)
	versions := state.NewVersions(table, 100)
	for _, at := range []int64{50, 10, 30} {
		_, _, err := versions.Put([]byte("k"), fmt.Appendf(nil, "v%d", at), at, 50)
		require.NoError(t, err)
	}
	_, _, err := versions.Put([]byte("k"), nil, 40, 50)
	require.NoError(t, err)
	v := table.View(50)
	for at := int64(0); at < 60; at++ {
		want, ok, err := versions.GetAsOf([]byte("k"), at, 50)
		require.NoError(t, err)
		wanted := string(want.Value)
		got, found, err := v.AsOf([]byte("k"), at, 100)
		require.NoError(t, err)
		require.Equal(t, ok, found)
		require.Equal(t, wanted, string(got.Value))
		require.Equal(t, want.Until, got.Until)
	}
	value, ok, err := state.ReadVersions(100).Get(table.View(math.MaxInt64), []byte("k"))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "v50", string(value))
}
