package state

import "errors"

var (
	// ErrCorrupt says that a store cannot be trusted: a checksum or a layout is wrong. Clear it and replay its changelog.
	ErrCorrupt = errors.New("state: store is corrupt")
	// ErrClosed says that a store, or the database it lives in, was used after Close.
	ErrClosed = errors.New("state: store is closed")
)

// Store is one task's store in an engine: rows of bytes, ordered by key as bytes are. An empty key and an empty value are
// a key and a value. One goroutine uses a Store; the same rows may be open as several Stores at once, and each call
// sees whole batches only. After Close every method fails with ErrClosed, but Close, which does nothing.
type Store interface {
	// Get returns the value of a key. The bytes are valid until the next call on the store; the caller copies.
	Get(key []byte) (value []byte, ok bool, err error)
	// Scan visits the rows with from <= key < to in ascending order, as they were when it began; an empty bound is
	// open. Visit returns false to stop, may call Get and Scan, and keeps no bytes.
	Scan(from, to []byte, visit func(key, value []byte) bool) error
	// ScanBack is Scan in descending order, of the same rows.
	ScanBack(from, to []byte, visit func(key, value []byte) bool) error
	// Apply writes a batch atomically and in its order: of two changes of a key the later wins. It keeps no bytes.
	Apply(b *Batch) error
	// Checkpoint returns the one applied last, false for a store that never had one. Errors: ErrCorrupt.
	Checkpoint() (Checkpoint, bool, error)
	// Clear removes all rows and the checkpoint.
	Clear() error
	// Close releases the store; the rows stay in the engine.
	Close() error
}

// Log receives the changes of stores: the changelog.
type Log interface {
	// Append adds one change of the store with this number. A nil value is a tombstone; an empty one is a value. The
	// bytes are the caller's again when Append returns.
	Append(store int, key, value []byte)
}
