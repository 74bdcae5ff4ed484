package pebble

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/abacus-stream/abacus/state"
	engine "github.com/cockroachdb/pebble/v2"
)

const (
	chainKey = 2
	afterAll = 3
)

// chain numbers the batches, so that one that is missing between others is found: the engine would not miss a write-ahead log
// that is gone from among several.
//
// Invariant (one link): each batch removes the link of the one before and adds its own. Where batches are lost from the end
// alone there is one link; where others are, that of the last before them stays.
type chain struct {
	mu   sync.Mutex // the order of numbers is that of commits
	last uint64
}

func link(n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{chainKey}, n) }

// commit writes a batch, which is the engine's then.
func (db *DB) commit(batch *engine.Batch, write *engine.WriteOptions) error {
	return db.guard(func() error {
		defer func() { _ = batch.Close() }()
		db.chain.mu.Lock()
		defer db.chain.mu.Unlock()
		next := db.chain.last + 1
		if err := batch.Delete(link(db.chain.last), nil); err != nil {
			return err
		}
		if err := batch.Set(link(next), nil, nil); err != nil {
			return err
		}
		if err := batch.Commit(write); err != nil {
			return err
		}
		db.chain.last = next
		return nil
	})
}

// checkChain fails where batches are missing. A database of before the chain has no link, and gets one with the next batch.
func (db *DB) checkChain() error {
	links, err := db.engine.NewIter(&engine.IterOptions{LowerBound: []byte{chainKey}, UpperBound: []byte{afterAll}})
	if err != nil {
		return wrap(err)
	}
	n := 0
	for ok := links.First(); ok; ok = links.Next() {
		n++
		db.chain.last = binary.BigEndian.Uint64(links.Key()[1:])
	}
	if err := links.Close(); err != nil {
		return wrap(err)
	}
	if n > 1 {
		return fmt.Errorf("%w: a write-ahead log is gone: batches before number %d are missing", state.ErrCorrupt, db.chain.last)
	}
	return nil
}
