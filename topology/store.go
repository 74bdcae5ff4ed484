package topology

import "github.com/abacus-stream/abacus/state"

// Store declares a changelog-backed table of bytes that a processor uses.
type Store struct {
	Name string
	// Layout says what the rows are, so that a store is never read as what it is not. The zero value is that of a
	// processor of the user's own, who may fill it in.
	Layout Layout
	// Retention is how long in ms of stream time a row may be of use after it is written. A store that has one says by
	// Table.Trim which rows are gone, and never deletes one by itself: its changelog has no tombstones and deletes its
	// records by their age, a while later. 0: rows are of use until they are deleted.
	Retention int64
	// Grace is how far in ms stream time passes the end of what a row is of before that is closed. It is kept with the
	// store, for Context.Closed. 0: nothing closes, or at once.
	Grace int64
	// SourceTopic marks a table whose changelog is the source topic it is read from.
	SourceTopic string
	// Refuses makes, for one goroutine, what says why a record of SourceTopic with an append time in Unix ms does not get
	// into the table; nil: all do. What processing puts aside a restore and a standby leave out by it.
	Refuses func() func(key, value []byte, appended int64) error
	// History is how long in ms of stream time a versioned table keeps versions that were succeeded: its rows are those of
	// state.Versions. 0: a row is the newest value.
	History int64
	// Expiry is how long in ms of stream time a row is kept after its last update: two times lie before the value in each
	// row. 0: for good.
	Expiry int64
	// Memory keeps the store in memory whatever engine the app uses.
	Memory bool
	// Reading is how the rows show to interactive queries, which are to find what the operator forwards and not what it
	// keeps. Nil: as they are.
	Reading state.Reading
}

var asTheyAre = state.ReadValues(nil)

// Read is the store's reading.
func (s Store) Read() state.Reading {
	if s.Reading == nil {
		return asTheyAre
	}
	return s.Reading
}
