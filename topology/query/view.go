package query

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology/worker"
)

// View reads a store that has a value for each key, in their types. Errors are those of the store, and those of the codecs,
// which name the store and the key. Keys makes one.
type View[K, V any] struct {
	store *worker.Store
	key   codecs.Codec[K]
	value codecs.Codec[V]
}

// Entry is a value of a store.
type Entry[K, V any] struct {
	Key        K
	Value      V
	Start, End int64 // of its window, or from when and until when a version held, Unix ms; else 0
}

// Keys is the typed view of a store, by the codecs of what its operator forwards.
func Keys[K, V any](store *worker.Store, key codecs.Codec[K], value codecs.Codec[V]) View[K, V] {
	return View[K, V]{store, key, value}
}

// Get returns the value of a key, and whether it has one.
func (v View[K, V]) Get(ctx context.Context, key K) (value V, ok bool, err error) {
	encoded, err := v.encode(key)
	if err != nil {
		return value, false, err
	}
	row, ok, err := v.store.Get(ctx, encoded)
	if err != nil || !ok {
		return value, false, err
	}
	value, err = v.decode(encoded, row)
	return value, err == nil, err
}

// GetAsOf returns the version of a key that held at a time, and whether there was one: of a table that keeps versions. The
// End of one that still holds is state.Forever.
func (v View[K, V]) GetAsOf(ctx context.Context, key K, at time.Time) (entry Entry[K, V], ok bool, err error) {
	encoded, err := v.encode(key)
	if err != nil {
		return entry, false, err
	}
	version, ok, err := v.store.GetAsOf(ctx, encoded, at)
	if err != nil || !ok {
		return entry, false, err
	}
	entry = Entry[K, V]{Key: key, Start: version.Since, End: version.Until}
	entry.Value, err = v.decode(encoded, version.Value)
	return entry, err == nil, err
}

// All visits the values of all keys held here, in the order of worker.Store.Range. An error is the last that comes.
func (v View[K, V]) All(ctx context.Context) iter.Seq2[Entry[K, V], error] {
	return v.entries(ctx, worker.Span{})
}

// Range visits the values with from <= key < to, as the bytes of the codec are ordered.
func (v View[K, V]) Range(ctx context.Context, from, to K) iter.Seq2[Entry[K, V], error] {
	low, err := v.encode(from)
	if err != nil {
		return failing[K, V](err)
	}
	high, err := v.encode(to)
	if err != nil {
		return failing[K, V](err)
	}
	return v.entries(ctx, worker.Span{From: low, To: high})
}

func (v View[K, V]) entries(ctx context.Context, span worker.Span) iter.Seq2[Entry[K, V], error] {
	return func(yield func(Entry[K, V], error) bool) {
		for row, err := range v.store.Range(ctx, span) {
			entry := Entry[K, V]{Start: row.Start, End: row.End}
			if err == nil {
				entry.Key, entry.Value, err = v.both(row.Key, row.Value)
			}
			if !yield(entry, err) || err != nil {
				return
			}
		}
	}
}

// failing is what cannot be read.
func failing[K, V any](err error) iter.Seq2[Entry[K, V], error] {
	return func(yield func(Entry[K, V], error) bool) { yield(Entry[K, V]{}, err) }
}

func (v View[K, V]) encode(key K) ([]byte, error) {
	encoded, err := v.key.Append([]byte{}, key)
	if err != nil {
		return nil, fmt.Errorf("store %s: key %v: %w", v.store.Name(), key, err)
	}
	return encoded, nil
}

func (v View[K, V]) both(key, row []byte) (k K, value V, err error) {
	if err = v.key.Parse(key, &k); err != nil {
		return k, value, fmt.Errorf("store %s: key %q: %w", v.store.Name(), key, err)
	}
	value, err = v.decode(key, row)
	return k, value, err
}

func (v View[K, V]) decode(key, row []byte) (value V, err error) {
	if err = v.value.Parse(row, &value); err != nil {
		return value, fmt.Errorf("store %s: value of key %q: %w", v.store.Name(), key, err)
	}
	return value, nil
}
