package state

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRowsAheadAreFoundInOrderWhileTheyCome(t *testing.T) {
	c := NewCache(1)
	chance := rand.New(rand.NewPCG(1, 1))
	for range 3 {
		var all []string
		for range 400 {
			for range chance.IntN(chance.IntN(30) + 1) {
				key := fmt.Sprintf("%05d", chance.IntN(100_000))
				c.Put([]byte(key), make([]byte, chance.IntN(300)))
				if !slices.Contains(all, key) {
					all = append(all, key)
				}
			}
			slices.Sort(all)
			from, to := fmt.Sprintf("%05d", chance.IntN(100_000)), fmt.Sprintf("%05d", chance.IntN(100_000))
			low, _ := slices.BinarySearch(all, from)
			high, _ := slices.BinarySearch(all, to)
			requireKeys(t, c, []byte(from), []byte(to), all[low:max(low, high)])
			require.NoError(t, c.Fault())
			if chance.IntN(20) == 0 {
				c.Commit()
			}
		}
		requireKeys(t, c, nil, nil, all)
		require.Less(t, len(c.order.ends), 14, "runs for %d rows", len(all))
		c.Clean()
		requireKeys(t, c, nil, nil, nil)
	}
}

func requireKeys(t *testing.T, c *Cache, from, to []byte, want []string) {
	t.Helper()
	var got []string
	for _, at := range c.aheadBetween(nil, from, to) {
		got = append(got, string(c.arena.row(at).key()))
	}
	require.Equal(t, append([]string(nil), want...), got)
}
