package state

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCacheKnowsAbsentKeys(t *testing.T) {
	c := NewCache(0)
	_, _, known := c.Get([]byte("ann"))
	require.False(t, known)
	c.Fill([]byte("ann"), nil, false)
	_, ok, known := c.Get([]byte("ann"))
	require.True(t, known)
	require.False(t, ok)
	c.Put([]byte("ann"), []byte("1"))
	value, ok, _ := c.Get([]byte("ann"))
	require.True(t, ok)
	require.Equal(t, "1", string(value))
	c.Delete([]byte("ann"))
	_, ok, known = c.Get([]byte("ann"))
	require.True(t, known)
	require.False(t, ok)
	require.NoError(t, c.Fault())
}

func TestCacheWithEveryHashEqual(t *testing.T) {
	c := NewCache(0)
	c.NarrowHash(0)
	for i := range 300 {
		c.Put(fmt.Appendf(nil, "key %d", i), fmt.Appendf(nil, "value %d", i))
	}
	for i := range 300 {
		value, ok, known := c.Get(fmt.Appendf(nil, "key %d", i))
		require.True(t, ok && known)
		require.Equal(t, fmt.Sprintf("value %d", i), string(value))
	}
	c.Clean()
	for i := 0; i < 300; i += 2 {
		require.True(t, c.Forget(fmt.Appendf(nil, "key %d", i)))
	}
	for i := range 300 {
		_, _, known := c.Get(fmt.Appendf(nil, "key %d", i))
		require.Equal(t, i%2 == 1, known, "key %d", i)
	}
	require.NoError(t, c.Fault())
}

func TestCacheRewritesInPlace(t *testing.T) {
	c := NewCache(0)
	key := []byte("ann")
	c.Put(key, make([]byte, 100))
	before := c.arena.segments[c.arena.active].used
	for n := 100; n >= 0; n-- {
		c.Put(key, bytes.Repeat([]byte{byte(n)}, n))
		value, _, _ := c.Get(key)
		require.Equal(t, bytes.Repeat([]byte{byte(n)}, n), value)
	}
	c.Put(key, make([]byte, 100))
	require.Equal(t, before, c.arena.segments[c.arena.active].used)
	require.EqualValues(t, 103, c.Stats().DirtyBytes)
}

func TestCacheStaysInItsBound(t *testing.T) {
	const limit = 1 << 20
	c := NewCache(limit)
	value := make([]byte, 100)
	for i := range 200_000 {
		c.Fill(fmt.Appendf(nil, "key %d", i), value, true)
		require.LessOrEqual(t, c.Bytes(), int64(limit+2*c.arena.size))
	}
	s := c.Stats()
	require.Greater(t, s.Rows, 3000, "the bound is used")
	require.EqualValues(t, 200_000, s.Evictions+int64(s.Rows))
	require.NoError(t, c.Fault())
}

func TestCacheKeepsWhatIsUsed(t *testing.T) {
	c := NewCache(1 << 20)
	value := make([]byte, 100)
	hot := func(i int) []byte { return fmt.Appendf(nil, "hot %d", i%500) }
	for i := range 500 {
		c.Fill(hot(i), value, true)
	}
	lost := 0
	for i := range 100_000 {
		if _, _, known := c.Get(hot(i)); !known {
			lost++
			c.Fill(hot(i), value, true)
		}
		c.Fill(fmt.Appendf(nil, "cold %d", i), value, true)
	}
	require.Less(t, lost, 1000, "of 100,000 reads of 500 hot rows")
}

func TestCacheLetsGoOfWhatWasUsedOnce(t *testing.T) {
	c := NewCache(1 << 20)
	value := make([]byte, 100)
	old := func(i int) []byte { return fmt.Appendf(nil, "old %d", i) }
	for i := range 3000 {
		c.Fill(old(i), value, true)
		c.Get(old(i))
	}
	for i := range 20_000 {
		c.Fill(fmt.Appendf(nil, "cold %d", i), value, true)
	}
	for i := range 3000 {
		_, _, known := c.Get(old(i))
		require.False(t, known, "old row %d is still there", i)
	}
}

func TestCacheNeverEvictsDirtyRows(t *testing.T) {
	c := NewCache(64 << 10)
	value := make([]byte, 100)
	for i := range 5000 {
		c.Put(fmt.Appendf(nil, "dirty %d", i), value)
		c.Fill(fmt.Appendf(nil, "clean %d", i), value, true)
	}
	require.Greater(t, c.Bytes(), int64(64<<10))
	require.Equal(t, 5000, c.Stats().DirtyRows)
	next := 0
	c.EachDirty(func(key, _ []byte, ok bool) {
		require.Equal(t, fmt.Sprintf("dirty %d", next), string(key))
		require.True(t, ok)
		next++
	})
	require.NoError(t, c.Fault())
	c.Clean()
	require.NoError(t, c.Fault())
	require.LessOrEqual(t, c.Bytes(), int64(64<<10)+int64(2*c.arena.size)+c.index.bytes()+int64(8*cap(c.dirty)))
}

func TestCacheGivesLargeRowsTheirOwnSegment(t *testing.T) {
	c := NewCache(8 << 20)
	for i := range 50 {
		value := bytes.Repeat([]byte{byte(i)}, 1<<20)
		got := c.Fill(fmt.Appendf(nil, "large %d", i), value, true)
		require.True(t, bytes.Equal(value, got))
		require.LessOrEqual(t, c.Bytes(), int64(10<<20))
	}
	c.Put([]byte("grows"), nil)
	for n := 1; n < 1<<20; n *= 2 {
		c.Put([]byte("grows"), bytes.Repeat([]byte{7}, n))
	}
	value, _, _ := c.Get([]byte("grows"))
	require.Len(t, value, 1<<19)
	require.NoError(t, c.Fault())
}

// A value that Get returned may be given to Put, also when the row it lies in moves.
func TestCachePutsItsOwnBytes(t *testing.T) {
	c := NewCache(32 << 10)
	c.Put([]byte("ann"), []byte("x"))
	want := []byte("x")
	for range 14 {
		value, _, _ := c.Get([]byte("ann"))
		require.True(t, bytes.Equal(want, value))
		c.Put([]byte("bob"), value)
		bob, _, _ := c.Get([]byte("bob"))
		require.True(t, bytes.Equal(want, bob))
		want = append(want, want...)
		c.Put([]byte("ann"), want)
		ann, _, _ := c.Get([]byte("ann"))
		c.Put([]byte("ann"), ann[:len(ann):len(ann)])
		require.NoError(t, c.Fault())
	}
}

// Fill returns the row it wrote even where making room for it moves nearly everything else.
func TestCacheFillIsNotMovedByItsOwnEviction(t *testing.T) {
	c := NewCache(1)
	chance := rand.New(rand.NewPCG(1, 1))
	for step := range 30_000 {
		key := fmt.Appendf(nil, "dirty %d", chance.IntN(600))
		c.Put(key, make([]byte, chance.IntN(700)))
		value := bytes.Repeat([]byte{byte(step)}, chance.IntN(950))
		got := c.Fill(fmt.Appendf(nil, "clean %d", step), value, true)
		require.True(t, bytes.Equal(value, got), "step %d", step)
		if chance.IntN(2000) == 0 {
			c.DropAhead()
			require.NoError(t, c.Fault())
		}
	}
}

// Rows that grow and shrink at random stay right while segments are compacted and evicted under them.
func TestCacheUnderRandomGrowth(t *testing.T) {
	for _, mask := range []uint64{^uint64(0), 0xf} {
		c := NewCache(128 << 10)
		c.NarrowHash(mask)
		chance := rand.New(rand.NewPCG(1, mask))
		engine, dirty := map[string]string{}, map[string]string{}
		for step := range 20_000 {
			key := fmt.Sprintf("key %d", chance.IntN(400))
			switch chance.IntN(4) {
			case 0, 1:
				value := string(bytes.Repeat([]byte{byte(step)}, chance.IntN(chance.IntN(600)+1)))
				c.Put([]byte(key), []byte(value))
				dirty[key] = value
			default:
				want, ok := dirty[key]
				if !ok {
					want = engine[key]
				}
				value, _, known := c.Get([]byte(key))
				if !known {
					require.NotContains(t, dirty, key)
					value = c.Fill([]byte(key), []byte(engine[key]), true)
				}
				require.Equal(t, want, string(value))
			}
			if chance.IntN(500) == 0 {
				if chance.IntN(3) > 0 {
					for k, v := range dirty {
						engine[k] = v
					}
					c.Clean()
				} else {
					c.DropAhead()
				}
				clear(dirty)
				require.NoError(t, c.Fault())
			}
		}
	}
}

func TestCacheForgetsCleanRowsOnly(t *testing.T) {
	c := NewCache(0)
	key := []byte("ann")
	require.True(t, c.Forget(key), "a key it does not know")
	c.Put(key, []byte("1"))
	require.False(t, c.Forget(key))
	c.Clean()
	require.True(t, c.Forget(key))
	_, _, known := c.Get(key)
	require.False(t, known)
	c.Put(key, []byte("2"))
	c.Clear()
	_, _, known = c.Get(key)
	require.False(t, known)
	require.Zero(t, c.Stats().Rows+c.Stats().DirtyRows+int(c.Stats().Bytes))
	require.NoError(t, c.Fault())
}
