package pebble

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/state"
)

// Whatever was read before, and wherever in the engine a row lies, Get says what was written.
func TestBothWaysOfReadingFindTheSame(t *testing.T) {
	db, err := Open(t.TempDir())
	require.NoError(t, err)
	defer db.Close()
	s, chance, want := newStore(db, "0_0/units"), rand.New(rand.NewPCG(1, 2)), map[string]string{}
	key := func() []byte { return fmt.Appendf(nil, "unit-%03d", chance.IntN(300)) }
	for round := range 12 {
		var batch state.Batch
		for range 40 {
			k, v := key(), fmt.Sprint("value ", chance.IntN(1000))
			batch.Put(k, []byte(v))
			want[string(k)] = v
			k = key()
			batch.Delete(k)
			delete(want, string(k))
		}
		from, to := fmt.Sprintf("unit-%03d", 20*round), fmt.Sprintf("unit-%03d", 20*round+9)
		batch.DeleteRange([]byte(from), []byte(to))
		for k := range want {
			if k >= from && k < to {
				delete(want, k)
			}
		}
		require.NoError(t, s.Apply(&batch))
		switch round % 4 {
		case 1:
			require.NoError(t, db.engine.Flush())
		case 3:
			require.NoError(t, db.engine.Compact(t.Context(), []byte{0}, []byte{255}, false)) // to the last level
		}
		for _, before := range []uint64{0, 1<<64 - 1} {
			for i := range 300 {
				s.absent = before
				k := fmt.Sprintf("unit-%03d", i)
				got, ok, err := s.Get([]byte(k))
				require.NoError(t, err)
				v, has := want[k]
				require.Equal(t, has, ok, "%s in round %d after %x", k, round, before)
				require.True(t, !has || string(got) == v, "%s in round %d after %x: %s", k, round, before, got)
			}
		}
	}
}

// What was found of late is the way of the next read.
func TestReadsOfNewKeysGoThroughTheFilters(t *testing.T) {
	db, err := Open(t.TempDir())
	require.NoError(t, err)
	defer db.Close()
	s := newStore(db, "0_0/units")
	var batch state.Batch
	batch.Put([]byte("there"), []byte("1"))
	require.NoError(t, s.Apply(&batch))
	read := func(key string, n int) {
		for range n {
			_, ok, err := s.Get([]byte(key))
			require.NoError(t, err)
			require.Equal(t, key == "there", ok)
		}
	}
	read("there", 10)
	require.Zero(t, s.absent)
	read("new", 64)
	require.EqualValues(t, uint64(1<<64-1), s.absent)
	read("there", 64)
	require.Zero(t, s.absent)
}

// The engine takes its memtables out of what it keeps blocks in: there is room for some beside them.
func TestBlocksStayInMemoryBesideMemtables(t *testing.T) {
	db, err := Open(t.TempDir())
	require.NoError(t, err)
	defer db.Close()
	s, chance, value := newStore(db, "0_0/units"), rand.New(rand.NewPCG(1, 2)), make([]byte, 10_000)
	const rows = 3 * memTableBytes / 10_000
	for at := 0; at < rows; at += 500 {
		var batch state.Batch
		for i := range 500 {
			for j := range 1000 {
				value[j] = byte(chance.Uint32())
			}
			batch.Put(fmt.Appendf(nil, "row %d", at+i), value)
		}
		require.NoError(t, s.Apply(&batch))
	}
	require.NoError(t, db.engine.Flush())
	for i := range 500 {
		_, ok, err := s.Get(fmt.Appendf(nil, "row %d", i))
		require.NoError(t, err)
		require.True(t, ok)
	}
	require.Greater(t, db.engine.Metrics().BlockCache.Size, int64(1<<20))
}
