package state

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever the changes, those in order come to the same as those as they came, and the runs between ranges are in order.
func TestChangesByKeyComeToTheSame(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 1))
	for range 500 {
		var b Batch
		key := func() []byte {
			return bytes.Repeat([]byte{'a', byte(chance.IntN(3))}, chance.IntN(8))
		}
		prefix := []byte([]string{"", "shared "}[chance.IntN(2)])
		for i := range chance.IntN(60) {
			switch at := append(slices.Clone(prefix), key()...); chance.IntN(12) {
			case 0:
				b.DeleteRange(nil, at)
			case 1:
				b.DeleteRange(at, append(slices.Clone(prefix), key()...))
			case 2, 3:
				b.Delete(at)
			default:
				b.Put(at, fmt.Append(nil, i))
			}
		}
		plain, sorted, visited := map[string]string{}, map[string]string{}, 0
		require.NoError(t, b.Each(into(plain)))
		var before []byte
		put := into(sorted)
		require.NoError(t, b.EachByKey(func(kind Change, first, second []byte) error {
			visited++
			if kind == ChangeDeleteRange {
				before = nil
			} else {
				require.True(t, before == nil || bytes.Compare(before, first) < 0, "%q after %q", first, before)
				before = append([]byte{}, first...)
			}
			return put(kind, first, second)
		}))
		require.Equal(t, plain, sorted)
		require.LessOrEqual(t, visited, b.Len())
	}
}

// into applies changes to rows as an engine does.
func into(rows map[string]string) func(kind Change, first, second []byte) error {
	return func(kind Change, first, second []byte) error {
		switch kind {
		case ChangePut:
			rows[string(first)] = string(second)
		case ChangeDelete:
			delete(rows, string(first))
		case ChangeDeleteRange:
			for key := range rows {
				if key >= string(first) && (len(second) == 0 || key < string(second)) {
					delete(rows, key)
				}
			}
		}
		return nil
	}
}
