package query

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology/worker"
)

// WindowView reads a store of windows or of sessions, those that are open, by the keys of their records. Errors are those
// of a View. Windows makes one.
type WindowView[K, V any] struct{ view View[K, V] }

// Windows is the typed view of a store of windows, by the codec of the keys of the records and that of the results.
func Windows[K, V any](store *worker.Store, key codecs.Codec[K], value codecs.Codec[V]) WindowView[K, V] {
	return WindowView[K, V]{Keys(store, key, value)}
}

// Get returns the result of the window of a key that begins at a time, in whole ms, and whether there is one.
func (w WindowView[K, V]) Get(ctx context.Context, key K, start time.Time) (value V, ok bool, err error) {
	start = time.UnixMilli(start.UnixMilli())
	for entry, err := range w.Fetch(ctx, key, start, start.Add(time.Millisecond)) {
		return entry.Value, err == nil, err
	}
	return value, false, nil
}

// Fetch visits the windows of a key with from <= start < to, by their starts; a zero time is open. Kafka Streams' to is
// the last start. An error is the last that comes.
func (w WindowView[K, V]) Fetch(ctx context.Context, key K, from, to time.Time) iter.Seq2[Entry[K, V], error] {
	encoded, err := w.view.encode(key)
	if err != nil {
		return failing[K, V](err)
	}
	return w.entries(ctx, worker.Span{Key: encoded, Since: from, Until: to})
}

// FetchAll visits the windows of all keys held here with from <= start < to, in the order of worker.Store.Range.
func (w WindowView[K, V]) FetchAll(ctx context.Context, from, to time.Time) iter.Seq2[Entry[K, V], error] {
	return w.entries(ctx, worker.Span{Since: from, Until: to})
}

var errNoWindows = errors.New("the store has no windows: read it by Keys")

func (w WindowView[K, V]) entries(ctx context.Context, span worker.Span) iter.Seq2[Entry[K, V], error] {
	return func(yield func(Entry[K, V], error) bool) {
		for row, err := range w.view.store.Range(ctx, span) {
			entry := Entry[K, V]{Start: row.Start, End: row.End}
			switch {
			case err == nil && row.Start == row.End:
				err = fmt.Errorf("store %s: %w", w.view.store.Name(), errNoWindows)
			case err == nil:
				entry.Key, entry.Value, err = w.view.both(row.Record, row.Value)
			}
			if !yield(entry, err) || err != nil {
				return
			}
		}
	}
}
