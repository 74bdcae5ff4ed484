package state

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

const shared = 8 << 20

// reader is a table that reads random rows of a number of them.
type reader struct {
	*Table
	rows, at int
}

func (r *reader) read(n int) (misses int) {
	before := r.cache.stats.Misses
	value := make([]byte, 100)
	for range n {
		r.at = (r.at*5 + 3) % r.rows // in an order that is not that of the segments
		key := fmt.Appendf(nil, "key %08d", r.at)
		if _, _, known := r.cache.Get(key); !known {
			r.cache.Fill(key, value, true)
		}
	}
	return int(r.cache.stats.Misses - before)
}

func readers(rows ...int) (all []*reader, tables []*Table) {
	for i, n := range rows {
		r := &reader{Table: NewTable(fmt.Sprint("table ", i), i, nil, shared), rows: n}
		all, tables = append(all, r), append(tables, r.Table)
	}
	return all, tables
}

func held(tables []*Table) (sum int64) {
	for _, t := range tables {
		sum += t.cache.Bytes()
	}
	return sum
}

// A table alone in its need has all that the others leave; when another comes to need as much, both have half.
func TestTheCacheGoesToTheTablesThatNeedIt(t *testing.T) {
	all, tables := readers(1<<17, 1<<17, 64)
	turn := func(i, n int) {
		for range n {
			all[i].read(2000)
			ShareCache(shared, tables)
			require.LessOrEqual(t, held(tables), int64(shared+2*len(tables)*segmentMax), "bytes of all")
		}
	}
	turn(2, 3)
	turn(0, 200)
	require.Greater(t, all[0].cache.Bytes(), int64(shared)*5/8)
	small := all[2].cache.Bytes()
	for range 300 {
		turn(0, 1)
		turn(1, 1)
	}
	for _, r := range all[:2] {
		require.InDelta(t, shared*7/16, r.cache.Bytes(), shared/8)
	}
	require.Equal(t, small, all[2].cache.Bytes(), "what it holds is less than an equal part")
	require.Zero(t, all[2].read(64))
	for _, r := range all {
		require.NoError(t, r.Fault())
	}
}

// Tables that grew beyond the whole while nobody looked come back within it, but for rows that must stay.
func TestTooMuchCacheIsGivenBack(t *testing.T) {
	all, tables := readers(1<<15, 1<<15, 1<<15)
	for _, r := range all {
		r.read(1 << 15)
	}
	all[0].Put([]byte("ahead"), make([]byte, 1000))
	require.Greater(t, held(tables), int64(shared))
	for range 20 {
		ShareCache(shared, tables)
	}
	require.LessOrEqual(t, held(tables), int64(shared+len(tables)*segmentMax))
	value, ok, err := all[0].Get([]byte("ahead"))
	require.NoError(t, err)
	require.True(t, ok)
	require.Len(t, value, 1000)
}

func TestNoTablesShareNothing(t *testing.T) { ShareCache(shared, nil) }

func BenchmarkShareCache(b *testing.B) {
	_, tables := readers(make([]int, 48)...)
	b.ReportAllocs()
	for b.Loop() {
		ShareCache(shared, tables)
	}
}
