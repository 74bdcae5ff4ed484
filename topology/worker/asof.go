package worker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/abacus-stream/abacus/state"
)

// ErrNotVersioned says that a store knows its newest values alone: see processors.ToVersionedTable.
var ErrNotVersioned = errors.New("the store keeps no versions")

// GetAsOf returns the version of a key that held at a time, in whole ms, and whether there was one. Further back than the
// table's history only a version that still holds is told. Its bytes are the reader's. Errors are those of Get, and
// ErrNotVersioned.
func (s *Store) GetAsOf(ctx context.Context, key []byte, at time.Time) (state.Version, bool, error) {
	partition, err := s.PartitionOf(key)
	if err != nil {
		return state.Version{}, false, err
	}
	return s.GetAsOfIn(ctx, partition, key, at)
}

// GetAsOfIn is GetAsOf of a key in a partition.
func (s *Store) GetAsOfIn(ctx context.Context, partition int32, key []byte, at time.Time) (state.Version, bool, error) {
	if s.def.History == 0 {
		return state.Version{}, false, s.failed(-1, ErrNotVersioned)
	}
	var found state.Version // a read that nobody waits for any more may still write to it
	var has bool
	err := s.read(ctx, partition, func(v *state.View) (err error) {
		found, has, err = v.AsOf(key, at.UnixMilli(), s.def.History)
		found.Value = slices.Clone(found.Value)
		return err
	})
	if err != nil {
		return state.Version{}, false, err
	}
	return found, has, nil
}
