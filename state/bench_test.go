package state_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
)

const benchValue = 100 // bytes of a unit's row

func benchKeys(n int) [][]byte {
	flat := make([]byte, 0, n*9)
	keys := make([][]byte, n)
	for i := range keys {
		flat = fmt.Appendf(flat, "u%08d", i)
		keys[i] = flat[i*9 : i*9+9 : i*9+9]
	}
	return keys
}

// BenchmarkCache reads and rewrites a random unit's row, all rows in the cache, committing every 10,000 records. At a
// million rows it measures the memory: two dependent reads from afar, the index and the row.
func BenchmarkCache(b *testing.B) {
	for _, n := range []uint64{1_000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			cache, value := state.NewCache(1<<30), make([]byte, benchValue)
			var key [8]byte
			for i := range n {
				binary.BigEndian.PutUint64(key[:], i)
				cache.Fill(key[:], value, true)
			}
			chance := rand.New(rand.NewPCG(1, 2))
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				binary.BigEndian.PutUint64(key[:], chance.Uint64N(n))
				got, _, _ := cache.Get(key[:])
				copy(value, got)
				value[0]++
				cache.Put(key[:], value)
				if i++; i%10_000 == 0 {
					cache.Clean()
				}
			}
		})
	}
}

// BenchmarkMap is the same with a Go map of pointers to rows, for comparison.
func BenchmarkMap(b *testing.B) {
	const n = 1_000_000
	rows, value := make(map[string]*[benchValue]byte), make([]byte, benchValue)
	var key [8]byte
	for i := range uint64(n) {
		binary.BigEndian.PutUint64(key[:], i)
		rows[string(key[:])] = new([benchValue]byte)
	}
	chance := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		binary.BigEndian.PutUint64(key[:], chance.Uint64N(n))
		row := rows[string(key[:])]
		copy(value, row[:])
		value[0]++
		copy(rows[string(key[:])][:], value)
	}
}

// BenchmarkPrefetch is BenchmarkCache at a million rows through a table, with the keys of a batch known beforehand.
func BenchmarkPrefetch(b *testing.B) {
	const n = 1_000_000
	table, value := state.NewTable("units", 0, memory.New().Store("units"), 1<<30), make([]byte, benchValue)
	keys := make([][]byte, 256)
	for i := range keys {
		keys[i] = make([]byte, 8)
	}
	var batch state.Batch
	for i := range uint64(n) {
		binary.BigEndian.PutUint64(keys[0], i)
		table.Put(keys[0], value)
	}
	table.Flush(discard{})
	table.Commit()
	table.Checkpoint(&batch)
	chance := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		for _, key := range keys {
			binary.BigEndian.PutUint64(key, chance.Uint64N(n))
		}
		_ = table.Prefetch(keys)
		for _, key := range keys {
			got, _, _ := table.Get(key)
			copy(value, got)
			table.Put(key, value)
		}
		batch.Reset()
		table.Flush(discard{})
		table.Commit()
		table.Checkpoint(&batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(keys)), "ns/row")
}

// BenchmarkCacheMiss reads random rows of a table ten times the cache: fill and evict.
func BenchmarkCacheMiss(b *testing.B) {
	const n = 100_000
	cache := state.NewCache(n / 10 * (benchValue + 60))
	keys, value := benchKeys(n), make([]byte, benchValue)
	chance := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		key := keys[chance.IntN(n)]
		if _, _, known := cache.Get(key); !known {
			cache.Fill(key, value, true)
		}
	}
}

// BenchmarkCommit is the way of a dirty row through Flush and Commit into a batch.
func BenchmarkCommit(b *testing.B) {
	table := state.NewTable("units", 0, memory.New().Store("units"), 0)
	keys, value := benchKeys(10_000), make([]byte, benchValue)
	var batch state.Batch
	var log discard
	b.ReportAllocs()
	for b.Loop() {
		for _, key := range keys {
			table.Put(key, value)
		}
		table.Flush(log)
		batch.Reset()
		table.Commit()
		table.Checkpoint(&batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(keys)), "ns/row")
}

// BenchmarkScan puts a row and scans ten beside it, as a join does, with 50,000 rows uncommitted.
func BenchmarkScan(b *testing.B) {
	const n = 50_000
	table := state.NewTable("join", 0, memory.New().Store("join"), 0)
	var key, to [8]byte
	chance := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i++; i%n == 0 {
			table.Abort()
		}
		at := chance.Uint64N(n)
		binary.BigEndian.PutUint64(key[:], at)
		binary.BigEndian.PutUint64(to[:], at+10)
		table.Put(key[:], key[:])
		_ = table.Scan(key[:], to[:], func(_, _ []byte) bool { return true })
	}
}

type discard struct{}

func (discard) Append(int, []byte, []byte) {}
