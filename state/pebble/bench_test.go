package pebble

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

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

// BenchmarkGet reads random rows, half of which are there.
func BenchmarkGet(b *testing.B) {
	store, apply := benchStore(b)
	defer store.Close()
	for range 70 {
		apply()
	}
	chance := rand.New(rand.NewPCG(3, 4))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := store.Get(binary.BigEndian.AppendUint64(nil, chance.Uint64N(1_000_000))); err != nil {
			b.Fatal(err)
		}
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
