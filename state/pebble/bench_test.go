package pebble

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/state"
)

// BenchmarkApply is one commit of 10,000 random rows of 100 bytes among a million keys.
func BenchmarkApply(b *testing.B) {
	store, apply := benchStore(b)
	defer store.Close()
	b.ReportAllocs()
	for b.Loop() {
		apply()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/row")
}

// BenchmarkCheckpoint is one checkpoint of 100,000 random rows of 220 bytes among 250,000: the processor time of a row, the engine's
// flushes and compactions included.
func BenchmarkCheckpoint(b *testing.B) {
	db, err := Open(b.TempDir())
	require.NoError(b, err)
	defer db.Close()
	const units, rows = 250_000, 100_000
	store, chance := db.Store("0_0/units"), rand.New(rand.NewPCG(1, 2))
	var batches [4]state.Batch
	value := make([]byte, 220)
	for i := range batches {
		for _, unit := range chance.Perm(units)[:rows] {
			for j := 0; j < len(value); j += 8 { // half of it compresses
				binary.LittleEndian.PutUint32(value[j:], chance.Uint32())
			}
			batches[i].Put(fmt.Appendf(nil, "u|unit-%d", unit), value)
		}
	}
	began := processorTime(b)
	for i := 0; b.Loop(); i++ {
		require.NoError(b, store.Apply(&batches[i%len(batches)]))
	}
	require.NoError(b, db.Close()) // what is left to do in the background
	spent := processorTime(b) - began
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N)/rows, "cpu-ns/row")
}

func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkGet reads rows of 300 bytes by random keys: of 200,000 that were written twice, and of as many that are not there.
func BenchmarkGet(b *testing.B) {
	db, err := Open(b.TempDir())
	require.NoError(b, err)
	defer db.Close()
	const units = 400_000
	store, chance := db.Store("0_0/units"), rand.New(rand.NewPCG(3, 4))
	value := make([]byte, 300)
	for range 2 {
		var batch state.Batch
		for n, unit := range chance.Perm(units / 2) {
			for j := 0; j+8 <= len(value); j += 8 { // half of it compresses
				binary.LittleEndian.PutUint32(value[j:], chance.Uint32())
			}
			batch.Put(fmt.Appendf(nil, "u|unit-%07d", 2*unit), value)
			if (n+1)%20_000 == 0 {
				require.NoError(b, store.Apply(&batch))
				batch.Reset()
			}
		}
	}
	for absent, name := range []string{"present", "absent"} {
		b.Run(name, func(b *testing.B) {
			var key []byte
			began := processorTime(b)
			for b.Loop() {
				key = fmt.Appendf(key[:0], "u|unit-%07d", 2*chance.IntN(units/2)+absent)
				_, ok, err := store.Get(key)
				require.NoError(b, err)
				require.Equal(b, absent == 0, ok)
			}
			b.ReportMetric(float64((processorTime(b)-began).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}

func benchStore(b *testing.B) (store state.Store, apply func()) {
	db, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	store = db.Store("0_0/units")
	chance := rand.New(rand.NewPCG(1, 2))
	var batch state.Batch
	value := make([]byte, 100)
	return store, func() {
		batch.Reset()
		for range 10_000 {
			key := chance.Uint64N(1_000_000)
			binary.BigEndian.PutUint64(value, chance.Uint64())
			batch.Put(binary.BigEndian.AppendUint64(nil, key), value)
		}
		if err := store.Apply(&batch); err != nil {
			b.Fatal(err)
		}
	}
}
